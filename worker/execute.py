"""One delivery: claim the job, carry the attempt out, record how it came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from jobs.kit.attempt import Outcome, crashed, run
from jobs.kit.context import Context
from jobs.kit.kinds import catalogue
from jobs.kit.ledger import PostgresLedger
from models import deliveries, transitions
from models.database import worker_autocommit
from models.persistence import persist
from models.states import Reason
from worker.recording import record

if TYPE_CHECKING:
    from models.jobs import Claimed
    from worker.desk import Desk, Seat

_log = structlog.get_logger(__name__)

_UNKNOWN_KIND = timedelta(seconds=30)
CarryOut = Callable[["Seat"], Outcome]


def execute(
    desk: Desk, worker_id: UUID, job_id: UUID, delivery: int, carry_out: CarryOut
) -> None:
    """Do what one delivered id asks for; a second delivery costs one statement."""
    began = time.monotonic()
    claimed = _claim(worker_id, job_id, delivery)
    if claimed is None:
        return
    kind = catalogue().get(claimed.kind)
    if kind is None:
        _leave(claimed)
        return
    with (
        bound_contextvars(
            job_id=str(job_id), kind=kind.name, attempt=claimed.held.attempt
        ),
        desk.seat(claimed, kind, proved_at=began) as seat,
    ):
        outcome = carry_out(seat)
        # From here on nobody may take the job from us for being slow.
        seat.doing.end()
        seat.ended = True
        record(kind, claimed, outcome)


def in_thread(seat: Seat) -> Outcome:
    """Run the attempt in this thread."""
    claimed = seat.claimed
    ledger = PostgresLedger(claimed.held, seat.signals)
    ctx = Context(
        claimed, ledger, seat.signals, retry=seat.kind.retry, doing=seat.doing
    )
    try:
        return run(seat.kind, ctx, claimed.payload)
    except SystemExit as error:
        # It ends neither the worker nor this slot, so it has to end the attempt.
        return crashed(error, claimed.payload)


def _leave(claimed: Claimed) -> None:
    """Leave a job to workers that know its kind: a deploy may be half way."""
    _log.error("unknown kind", job_id=str(claimed.held.job_id), kind=claimed.kind)
    persist(
        worker_autocommit(),
        lambda db: transitions.suspend(
            db, claimed.held, Reason.BACKOFF, delay=_UNKNOWN_KIND
        ),
    )


def _claim(worker_id: UUID, job_id: UUID, delivery: int) -> Claimed | None:
    claimed = persist(
        worker_autocommit(),
        lambda db: transitions.claim(
            db, job_id, worker_id=worker_id, delivery=delivery
        ),
    )
    if claimed is None:
        persist(
            worker_autocommit(), lambda db: deliveries.refused(db, job_id, delivery)
        )
    return claimed
