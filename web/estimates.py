"""How long jobs of a kind usually take; asked of the database now and then."""

import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from threading import Lock

from models import overview
from models.database import as_operator, web_engine

_FRESH = timedelta(seconds=15)


class _Durations:
    """The medians, as of a moment ago."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: Mapping[str, timedelta] = {}
        self._until = float("-inf")

    def of(self, kind: str) -> timedelta | None:
        """Give a kind's median; None: none has completed yet."""
        stale = time.monotonic() >= self._until
        # One thread asks; the others make do with what was known.
        if stale and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._known.get(kind)

    def _refresh(self) -> None:
        # A statistic over all users tells nothing about one of them.
        with as_operator(web_engine()) as db:
            self._known = overview.typical_durations(db)
        self._until = time.monotonic() + _FRESH.total_seconds()


@cache
def durations() -> _Durations:
    """Give what this process knows."""
    return _Durations()


def typical_duration(kind: str) -> timedelta | None:
    """Give the median of a kind's last 50 completed jobs; None: unknown."""
    return durations().of(kind)
