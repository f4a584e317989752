"""Moves the jobs of dead workers on."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from models import leases, transitions

if TYPE_CHECKING:
    from sqlalchemy import Engine

_log = structlog.get_logger(__name__)
# After a gap this long nobody's silence may be judged by the time of the gap.
_GAP = 3.0
_BATCH = 500


class Rescuer:
    """Judges silence only by the time it was awake itself."""

    def __init__(self, engine: Engine) -> None:
        """Begin awake; the first tick reads the database's clock."""
        self._engine = engine
        self._looked_at = float("-inf")
        self._awake_since: datetime | None = None

    def tick(self) -> int:
        """Bury silent workers and free their jobs; gives how many jobs."""
        with self._engine.begin() as db:
            slept = time.monotonic() - self._looked_at > _GAP
            if self._awake_since is None or slept:
                self._awake_since = leases.clock(db)
            for worker in leases.bury(db, self._awake_since):
                _log.warning("worker dead", worker=str(worker))
        with self._engine.begin() as db:
            rescued = transitions.rescue(db, batch=_BATCH)
        # After the answer: an outage in between counts as a gap, too.
        self._looked_at = time.monotonic()
        if rescued:
            _log.warning("jobs rescued", count=len(rescued))
        return len(rescued)
