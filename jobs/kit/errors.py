"""What an author may raise, and what stops a job from outside.

The second sort derives from BaseException, so that `except Exception` in a job
cannot swallow it.
"""

from datetime import datetime, timedelta

from models.states import Reason


class JobError(Exception):
    """Something about a job went wrong."""


class NonRetriableError(JobError):
    """Trying again would not help; the message is shown to the user."""


class RetryAfterError(JobError):
    """Try again, but not before the given time has passed."""

    def __init__(self, message: str, after: timedelta | float) -> None:
        """Take the wait as a timedelta or in seconds."""
        super().__init__(message)
        self.after = after if isinstance(after, timedelta) else timedelta(seconds=after)


class StepFailed(JobError):  # noqa: N818 - an outcome that a job may catch
    """A step used up its tries; catch it to compensate."""

    def __init__(self, step: str, error: str) -> None:
        """Say what the step said last."""
        super().__init__(error)
        self.step = step


class StepTimedOutError(JobError):
    """A step took longer than its time limit."""

    def __init__(self, step: str, limit: timedelta) -> None:
        """Name the limit in seconds."""
        super().__init__(f"Step {step!r} took longer than {limit.total_seconds():g} s.")


class TriesUsedUpError(JobError):
    """A step's effect did not happen, and there is no try left for it."""

    def __init__(self, step: str) -> None:
        """Name the step."""
        super().__init__(f"Step {step!r} did not happen, and its tries are used up.")


class TooLargeError(NonRetriableError):
    """A result does not fit; larger things belong into storage."""

    def __init__(self, what: str, size: int, limit: int) -> None:
        """Give both sizes in bytes."""
        super().__init__(f"{what} has {size:,} bytes of JSON; {limit:,} are allowed.")


class Interruption(BaseException):
    """The attempt ends here, though the job has not failed."""


class LeaseLost(Interruption):
    """A later attempt owns the job, or it has ended: publish nothing."""


class CancelRequested(Interruption):
    """Somebody asked the job to stop."""


class HandOver(Interruption):
    """The worker is stopping; another one goes on from here."""


class Suspend(Interruption):
    """The job waits without a worker."""

    def __init__(
        self,
        reason: Reason,
        *,
        until: datetime | None = None,
        delay: timedelta | None = None,
    ) -> None:
        """Wait until a time, for a while, or (neither) until it is released."""
        super().__init__(reason)
        self.reason = reason
        self.until = until
        self.delay = delay
