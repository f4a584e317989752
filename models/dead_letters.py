"""Jobs that failed for good, where operators look for them."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from models.json import Json, dump

_RECORD = text("""
    INSERT INTO failed_jobs (id, job_id, user_id, job_type, event_data, error_message,
                             error_stack, failed_step, fingerprint, retry_count)
    VALUES (:id, :job_id, :user_id, :job_type, CAST(:event_data AS jsonb),
            :error_message, :error_stack, :failed_step, :fingerprint, :retry_count)
""")

_RESOLVE = text("""
    UPDATE failed_jobs SET resolved_at = now(), resolved_by = :by, notes = :notes
    WHERE id = :id AND resolved_at IS NULL RETURNING id
""")

_UNSHOWN = text("""
    SELECT f.id, f.job_id, f.job_type, f.error_message, f.error_stack, f.failed_at,
           j.queue, j.delivery, j.created_at
    FROM failed_jobs f JOIN jobs j ON j.id = f.job_id
    WHERE f.resolved_at IS NULL AND f.replayed_at IS NULL AND f.shown_at IS NULL
    ORDER BY f.failed_at DESC LIMIT :batch
""")

_SHOWN = text("UPDATE failed_jobs SET shown_at = now() WHERE id = ANY(:ids)")

_SETTLED = text("""
    UPDATE failed_jobs f SET shown_at = NULL FROM jobs j
    WHERE j.id = f.job_id AND f.shown_at IS NOT NULL
      AND (f.resolved_at IS NOT NULL OR f.replayed_at IS NOT NULL)
    RETURNING f.job_id, j.queue
""")

_SHOW_AGAIN = text("""
    UPDATE failed_jobs SET shown_at = NULL
    WHERE shown_at IS NOT NULL AND resolved_at IS NULL AND replayed_at IS NULL
""")


class DeadLetter(NamedTuple):
    """A row of `failed_jobs`; `event_data`, message and stack are redacted already."""

    job_id: UUID
    user_id: UUID
    job_type: str
    event_data: Json
    error_message: str
    error_stack: str | None
    failed_step: str | None
    fingerprint: str
    retry_count: int


def record(db: Connection, letter: DeadLetter) -> UUID:
    """Keep a dead letter, in the transaction that fails the job."""
    letter_id = uuid7()
    values = {**letter._asdict(), "id": letter_id}
    db.execute(_RECORD, {**values, "event_data": dump(letter.event_data)})
    return letter_id


def resolve(db: Connection, letter_id: UUID, *, by: UUID, notes: str) -> UUID | None:
    """Close a dead letter with notes; None: unknown or closed already."""
    values = {"id": letter_id, "by": by, "notes": notes}
    resolved: UUID | None = db.scalar(_RESOLVE, values)
    return resolved


def unshown(db: Connection, *, batch: int) -> list[Any]:
    """List open dead letters that RQ's failed registry does not show yet."""
    return list(db.execute(_UNSHOWN, {"batch": batch}))


def mark_shown(db: Connection, ids: list[UUID]) -> None:
    """Note that RQ's failed registry shows these."""
    db.execute(_SHOWN, {"ids": ids})


def settled(db: Connection) -> list[Any]:
    """Take back what RQ's registry shows though it is replayed or resolved."""
    return list(db.execute(_SETTLED))


def show_again(db: Connection) -> None:
    """Forget what is shown: Redis came back empty."""
    db.execute(_SHOW_AGAIN)
