"""What an attempt is doing this moment, for those who watch and those who time it."""

from dataclasses import dataclass
from datetime import timedelta

from jobs.kit.retry import Retry
from models.steps import Call


@dataclass(frozen=True, slots=True)
class StepUnderWay:
    """A step that has begun; times are of the monotonic clock, in seconds."""

    call: Call
    since: float
    limit: timedelta
    failures: int
    tries: int
    retry: Retry
    # Its effect may not simply be repeated when it is cut off.
    delicate: bool

    @property
    def deadline(self) -> float:
        """When it has taken too long."""
        return self.since + self.limit.total_seconds()


class Doing:
    """Written by the attempt, read by the thread that renews the lease."""

    def __init__(self) -> None:
        """Begin between two steps."""
        self.step: StepUnderWay | None = None
        self.progress: int | None = None
        self.note: str | None = None

    def begin(self, step: StepUnderWay) -> None:
        """Note that a step begins."""
        self.step = step

    def end(self) -> None:
        """Note that no step is under way."""
        self.step = None

    def tell(self, progress: int | None, note: str | None) -> None:
        """Note how far the job is, in percent, and in words."""
        self.progress = progress
        self.note = note
