"""Moves the jobs of dead workers on."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from models import leases, transitions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Engine

_log = structlog.get_logger(__name__)
# After a gap this long nobody's silence may be judged by the time of the gap.
_GAP = 3.0
_BATCH = 500
# Rounds between two looks for jobs whose worker is gone without being buried.
_LOOK_AROUND = 4


class Rescuer:
    """Judges silence only by the time it was awake itself."""

    def __init__(self, engine: Engine) -> None:
        """Begin awake; the first tick reads the database's clock."""
        self._engine = engine
        self._looked_at = float("-inf")
        self._awake_since: datetime | None = None
        self._round = 0
        self._left_over = False

    def tick(self) -> int:
        """Bury silent workers and free their jobs; gives how many jobs."""
        with self._engine.begin() as db:
            slept = time.monotonic() - self._looked_at > _GAP
            if self._awake_since is None or slept:
                self._awake_since = leases.clock(db)
            dead = leases.bury(db, self._awake_since)
            for worker in dead:
                _log.warning("worker dead", worker=str(worker))
            rescued = self._rescue(db, at_once=bool(dead))
        # After the answer: an outage in between counts as a gap, too.
        self._looked_at = time.monotonic()
        if rescued:
            _log.warning("jobs rescued", count=len(rescued))
        return len(rescued)

    def _rescue(self, db: Connection, *, at_once: bool) -> Sequence[UUID]:
        """Free jobs of workers just buried, and now and then of missing ones."""
        self._round += 1
        if at_once or self._left_over or self._round % _LOOK_AROUND == 0:
            rescued = transitions.rescue(db, batch=_BATCH)
            self._left_over = len(rescued) == _BATCH
            return rescued
        return ()
