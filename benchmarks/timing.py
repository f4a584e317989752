"""Clocks, rates and percentiles.

Moments are Unix times in seconds: the systems keep theirs as timestamps of a
database, milliseconds or text, and all of them read this machine's one clock.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from statistics import quantiles

POLL_EVERY = timedelta(seconds=0.25)
# The first so many of a batch warm up connections, plans and windows.
WARM_UP = 0.1
# A system is idle between two requests this far apart, at no regular beat.
PAUSES = (0.08, 0.16)

Moment = float


class OverdueError(Exception):
    """A system did not get done in time."""

    def __init__(self, what: str, patience: timedelta) -> None:
        super().__init__(f"{what}: not within {patience.total_seconds():.0f} s")


def wait_until(
    done: Callable[[], object],
    what: str,
    patience: timedelta = timedelta(minutes=5),
    every: timedelta = POLL_EVERY,
) -> None:
    """Look now and then until it is done; raises OverdueError."""
    deadline = time.monotonic() + patience.total_seconds()
    while not done():
        if time.monotonic() > deadline:
            raise OverdueError(what, patience)
        time.sleep(every.total_seconds())


def rate(ends: Sequence[Moment]) -> float:
    """Give the jobs a second from the end of the warm-up to the last job's end."""
    ordered = sorted(ends)
    warm = max(1, int(len(ordered) * WARM_UP))
    return (len(ordered) - warm) / (ordered[-1] - ordered[warm - 1])


def spaced(count: int, ask: Callable[[], object]) -> None:
    """Ask so often, each time of a system that has come to rest."""
    dice = random.Random(1)  # noqa: S311 - the same pauses for everyone
    for _ in range(count):
        ask()
        time.sleep(dice.uniform(*PAUSES))


def p50_p99(waits: Sequence[float]) -> tuple[float, float]:
    """Give the 50th and 99th percentile of waits in seconds, in milliseconds."""
    cuts = quantiles(waits, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000
