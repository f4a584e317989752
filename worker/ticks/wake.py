"""Ends waits and lives that are over by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.kit.kinds import catalogue
from models import expiry, transitions
from models.states import Reason
from worker.recording import bury, by_process

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BATCH = 500


def wake(engine: Engine) -> int:
    """Make jobs pending whose wait is over; gives how many."""
    with engine.begin() as db:
        return transitions.resume(db, batch=_BATCH)


def expire(engine: Engine) -> int:
    """Fail jobs that were not started in their time to live, one a transaction."""
    with engine.begin() as db:
        overdue = expiry.overdue(db, batch=_BATCH)
    for job_id in overdue:
        crash = by_process(
            Reason.EXPIRED, "Expired", "The job was not started within its `ttl`."
        )
        with engine.begin() as db:
            row = transitions.expire(db, job_id, crash.message)
            if row is not None:
                payload = expiry.payload_of(db, job_id)
                bury(db, catalogue().get(row.kind), row, payload, crash)
    return len(overdue)
