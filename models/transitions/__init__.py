"""Every move a job can make, one function per arrow; nobody else writes `state`.

A move is one guarded UPDATE with its event row, in one statement.  It names the
states it leaves, and whoever leaves RUNNING also names the attempt and the claim
it speaks for.  The loser of a race changes nothing and gets None: a worker that
was given up for dead may finish its work, but it can no longer publish it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, TextClause

from models.jobs import Claimed, Held, Submission
from models.json import Json, dump
from models.states import Reason
from models.transitions import statements


def _moved(
    db: Connection, statement: TextClause, values: dict[str, Any]
) -> UUID | None:
    moved: UUID | None = db.scalar(statement, values)
    return moved


def submit(db: Connection, asked: Submission) -> UUID | None:
    """Accept a job, with its first event; None: its dedupe key is taken."""
    values = {
        "id": asked.id,
        "user_id": asked.user_id,
        "kind": asked.kind,
        "queue": asked.queue,
        "priority": asked.priority.rank,
        "dedupe_key": asked.dedupe_key,
        "tags": list(asked.tags),
        "run_at": asked.run_at,
        "ttl": asked.ttl,
        "payload": dump(asked.payload),
    }
    return _moved(db, statements.SUBMIT, values)


def claim(
    db: Connection, job_id: UUID, *, worker_id: UUID, delivery: int = 0
) -> Claimed | None:
    """Begin the next attempt of a job that is due, as a worker that is alive."""
    claim_id = uuid4()
    values = {
        "id": job_id,
        "worker_id": worker_id,
        "claim_id": claim_id,
        "delivery": delivery,
    }
    row = statements.CLAIM.one(db, values)
    return None if row is None else Claimed.of(job_id, claim_id, row)


def complete(db: Connection, held: Held, result: Json) -> UUID | None:
    """Publish the result of the attempt that still holds the job."""
    row = statements.COMPLETE.one(db, {**held.guard, "result": dump(result)})
    return None if row is None else held.job_id


def suspend(
    db: Connection,
    held: Held,
    reason: Reason,
    *,
    until: datetime | None = None,
    delay: timedelta | None = None,
) -> UUID | None:
    """Let the worker go and wait: until a time, for a while, or to be released.

    None also when a cancel was asked for meanwhile: then `stop` is the move.
    """
    values = {**held.guard, "reason": reason, "until": until, "delay": delay}
    return _moved(db, statements.SUSPEND, values)


def back_off(
    db: Connection, held: Held, error: str, detail: Json, *, delay: timedelta
) -> UUID | None:
    """Count a failure of the job's own code and try again after the delay."""
    values = {**held.guard, "error": error, "detail": dump(detail), "delay": delay}
    return _moved(db, statements.BACK_OFF, values)


def hand_over(db: Connection, held: Held) -> UUID | None:
    """Give the job to the next worker at once; a deploy costs no failure."""
    return _moved(db, statements.HAND_OVER, held.guard)


def stop(db: Connection, held: Held) -> UUID | None:
    """Carry out the cancel that was asked for."""
    return _moved(db, statements.STOP, held.guard)


def fail(
    db: Connection,
    held: Held,
    reason: Reason,
    error: str,
    detail: Json,
    *,
    counted: int,
) -> Row[tuple[object, ...]] | None:
    """End a job for good; `counted` failures are added.  Gives the job's row."""
    values = {"reason": reason, "error": error, "detail": dump(detail)}
    return db.execute(
        statements.FAIL, {**held.guard, **values, "counted": counted}
    ).one_or_none()


def expire(db: Connection, job_id: UUID, error: str) -> Row[tuple[object, ...]] | None:
    """Fail a job that was not started within its time to live; gives its row."""
    detail = {"type": "Expired", "step": None, "retryable": False}
    values = {"id": job_id, "error": error, "detail": dump(detail)}
    return db.execute(statements.EXPIRE, values).one_or_none()


def cancel(db: Connection, job_id: UUID) -> UUID | None:
    """Cancel a job that no worker has, or ask its worker to stop; None: it ended."""
    # It may be claimed or let go between the two statements, not for ever.
    for _ in range(3):
        asked = {"id": job_id}
        moved = _moved(db, statements.CANCEL, asked) or _moved(
            db, statements.REQUEST_CANCEL, asked
        )
        if moved is not None:
            return moved
    return None


def rescue(db: Connection, *, batch: int) -> Sequence[UUID]:
    """Free the jobs of workers that are dead or missing; gives the rescued."""
    db.execute(statements.STOP_LOST, {"batch": batch})
    return db.scalars(statements.RESCUE, {"batch": batch}).all()


def resume(db: Connection, *, batch: int) -> int:
    """Make jobs pending whose wait is over by time; gives how many."""
    return len(db.scalars(statements.RESUME, {"batch": batch}).all())


def release(db: Connection, job_id: UUID) -> UUID | None:
    """Let a job go on whose step is in doubt: it is tried again with its key."""
    return _moved(db, statements.RELEASE, {"id": job_id})


def retry(db: Connection, job_id: UUID) -> UUID | None:
    """Run a failed job again from its failed step, with the same keys.

    Raises IntegrityError when another job with its dedupe key is active.
    """
    return _moved(db, statements.RETRY, {"id": job_id})


def count_own_death(db: Connection, held: Held) -> int | None:
    """Note that the job ended its own process; gives how often by now."""
    deaths: int | None = db.scalar(statements.ALONE, held.guard)
    return deaths
