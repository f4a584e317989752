"""Takes a job from an attempt that is over its time limit.

A thread can't be ended from outside, so the fence takes the job away and the slot
counts as hung.  An isolated attempt's process is killed by the one that waits for
it; the record is the same.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from jobs.kit.attempt import Suspended
from jobs.kit.errors import LeaseLost, StepTimedOutError, Suspend
from jobs.kit.ledger import PostgresLedger, Signals
from jobs.kit.redaction import describe
from models.states import Reason
from worker.recording import by_process, record

if TYPE_CHECKING:
    from jobs.kit.doing import StepUnderWay
    from worker.desk import Desk, Seat

_log = structlog.get_logger(__name__)


def take_back(desk: Desk, seat: Seat, step: StepUnderWay | None) -> None:
    """Move an overrun attempt on, as if its step or the job had raised."""
    _log.warning("time limit passed", job_id=str(seat.claimed.held.job_id))
    # Recorded first: what could not be recorded is not taken, but tried again.
    count(seat, step)
    desk.give_up(seat)
    seat.signals.lose()


def count(seat: Seat, step: StepUnderWay | None) -> None:
    """Record the time-out of the step, or of the whole attempt."""
    if step is None or step.deadline > time.monotonic():
        limit = seat.kind.timeout.total_seconds()
        crash = by_process(
            Reason.TIMEOUT, "TimedOut", f"The job took longer than {limit:g} s."
        )
        record(seat.kind, seat.claimed, crash)
        return
    error = StepTimedOutError(step.call.name, step.limit)
    failures = step.failures + 1
    last = failures >= step.retry.attempts
    ledger = PostgresLedger(seat.claimed.held, Signals())
    try:
        ledger.failed_try(
            step.call,
            describe(error),
            elapsed=timedelta(seconds=time.monotonic() - step.since),
            failures=failures,
            state=_state(step, last=last),
        )
    except LeaseLost:
        return
    # The step is recorded as failed for good, waits for its next try, or is left in
    # doubt; the job itself goes on, so that it may compensate, or ask.
    delay = timedelta(0) if last else step.retry.delay(failures)
    wait = Suspend(Reason.BACKOFF, delay=delay)
    if _is_unanswered(step):
        wait = Suspend(Reason.HOLD)
    record(seat.kind, seat.claimed, Suspended(wait))


def _state(step: StepUnderWay, *, last: bool) -> str:
    if step.delicate:
        return "held" if _is_unanswered(step) else "started"
    return "failed" if last else "retrying"


def _is_unanswered(step: StepUnderWay) -> bool:
    """Tell a question that hangs when the tries are used up: an operator decides."""
    return step.delicate and step.failures >= step.retry.attempts
