"""How often a thing is tried, and how long between tries."""

from dataclasses import dataclass
from datetime import timedelta

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

# A shorter wait is slept through in place; a longer one frees the worker.
PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True)
class Retry:
    """Tries in all, and waits that double from `base` up to `cap`, with jitter."""

    attempts: int = 4
    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    jitter: timedelta = timedelta(seconds=1)

    def __post_init__(self) -> None:
        """Refuse a policy that can't work when it is declared."""
        if self.attempts < 1:
            message = f"attempts must be at least 1, not {self.attempts}"
            raise ValueError(message)
        if not timedelta(0) <= self.base <= self.cap:
            message = f"base must lie between 0 and cap, not {self.base}"
            raise ValueError(message)
        if self.jitter < timedelta(0):
            message = f"jitter must not be negative, but it is {self.jitter}"
            raise ValueError(message)

    def delay(self, failures: int) -> timedelta:
        """Draw the wait after the n-th failure in a row."""
        wait = wait_exponential_jitter(
            multiplier=self.base.total_seconds(),
            max=self.cap.total_seconds(),
            jitter=self.jitter.total_seconds(),
        )
        state = RetryCallState(Retrying(), fn=None, args=(), kwargs={})
        # Beyond this the doubling has long reached any cap.
        state.attempt_number = min(failures, 64)
        return timedelta(seconds=wait(state))


NEVER = Retry(attempts=1)
