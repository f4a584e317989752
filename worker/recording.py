"""Records how an attempt came out: one `match`, for jobs that raised and that died."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import structlog

from jobs.kit.attempt import (
    Crashed,
    HandedOver,
    Lost,
    Outcome,
    Returned,
    Stopped,
    Suspended,
    next_try,
)
from jobs.kit.redaction import redact_data
from models import dead_letters, transitions
from models.database import worker_autocommit, worker_engine
from models.dead_letters import DeadLetter
from models.jobs import Submission
from models.persistence import persist
from models.states import Reason

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from jobs.kit.kinds import JobKind
    from models.jobs import Claimed

_log = structlog.get_logger(__name__)
_VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", re.IGNORECASE)


def record(kind: JobKind[Any], claimed: Claimed, outcome: Outcome) -> bool:
    """Write the outcome down; False: the attempt had lost the job meanwhile.

    Repeated through an outage of the database until it lands or is refused.
    """
    if isinstance(outcome, Lost):
        return False
    engine = worker_engine() if isinstance(outcome, Crashed) else worker_autocommit()
    moved = persist(engine, lambda db: _move(db, kind, claimed, outcome))
    if moved is None and not isinstance(outcome, Returned | Stopped):
        # A cancel that came in between has forbidden the move: carry it out.
        moved = persist(
            worker_autocommit(), lambda db: transitions.stop(db, claimed.held)
        )
    # The usual end is in the job's events; a line each would cost a tenth of a job.
    say = _log.debug if isinstance(outcome, Returned) else _log.info
    say("attempt ended", outcome=type(outcome).__name__, recorded=moved is not None)
    return moved is not None


def _move(
    db: Connection, kind: JobKind[Any], claimed: Claimed, outcome: Outcome
) -> UUID | None:
    match outcome:
        case Returned(result):
            return transitions.complete(db, claimed.held, result)
        case Suspended(cause):
            return transitions.suspend(
                db, claimed.held, cause.reason, until=cause.until, delay=cause.delay
            )
        case Stopped():
            return transitions.stop(db, claimed.held)
        case HandedOver():
            return transitions.hand_over(db, claimed.held)
        case Crashed():
            return _crash(db, kind, claimed, outcome)
    message = f"{outcome!r} can't be recorded"
    raise TypeError(message)


def _crash(
    db: Connection, kind: JobKind[Any], claimed: Claimed, crash: Crashed
) -> UUID | None:
    """Back off while the policy allows a further try; otherwise fail for good."""
    # A step that gave up has counted its own tries.
    counted = 0 if crash.step else 1
    of_steps = sum(memo.failures for memo in claimed.memo.values())
    failures = claimed.failures - of_steps + 1
    delay = next_try(kind.retry, crash, failures)
    if delay is not None:
        return transitions.back_off(
            db, claimed.held, crash.message, crash.detail, delay=delay
        )
    row = transitions.fail(
        db, claimed.held, crash.reason, crash.message, crash.detail, counted=counted
    )
    if row is None:
        return None
    bury(db, kind, row, claimed.payload, crash)
    return claimed.held.job_id


def bury(
    db: Connection,
    kind: JobKind[Any] | None,
    row: Any,
    payload: dict[str, Any],
    crash: Crashed,
) -> None:
    """Keep the dead letter and submit `on_failure`, in the failing transaction."""
    letter = DeadLetter(
        job_id=row.id,
        user_id=row.user_id,
        job_type=row.kind,
        event_data=redact_data(payload),
        error_message=crash.message,
        error_stack=crash.stack or None,
        failed_step=crash.step,
        fingerprint=fingerprint(row.kind, crash),
        retry_count=max(0, row.failures - 1),
    )
    dead_letters.record(db, letter)
    failure = kind and kind.failure
    if failure:
        apology = Submission(
            user_id=row.user_id,
            kind=failure.name,
            queue=failure.queue_for(payload),
            payload=payload,
        )
        transitions.submit(db, apology)
    _log.warning("job failed", job_id=str(row.id), error=crash.message)


def fingerprint(kind: str, crash: Crashed) -> str:
    """Name the group of failures that look alike but for numbers and ids."""
    shape = _VARYING.sub("#", crash.message)
    parts = "\n".join((kind, crash.type, crash.step or "", shape))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def by_process(reason: Reason, kind_of_death: str, message: str) -> Crashed:
    """Describe a death that the job's own code could not report."""
    return Crashed(
        type=kind_of_death,
        message=message,
        stack="",
        step=None,
        retryable=reason is not Reason.QUARANTINED,
        reason=reason,
    )
