"""Worker processes: one row each, renewed every 2 s, and who counts as dead.

Only the database's clock counts.  A worker is dead 8 s after the latest of: its
last renewal, the postmaster's start, and the end of the observer's own last gap.
So a database that was away, or a keeper that was paused, kills nobody.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from models.jobs import Held

SILENCE = timedelta(seconds=8)

_REGISTER = text("""
    INSERT INTO workers (id, name, host, pid, role, queues, slots)
    VALUES (:id, :name, :host, :pid, :role, :queues, :slots)
""")

_RENEW = text("""
    UPDATE workers SET seen_at = now(), hung = :hung
    WHERE id = :id AND dead_at IS NULL AND stopped_at IS NULL
    RETURNING draining_at IS NOT NULL AS draining
""")

_DRAIN = text("UPDATE workers SET draining_at = now() WHERE id = :id")
_STOPPED = text("UPDATE workers SET stopped_at = now() WHERE id = :id")

# What the worker's jobs are doing is written with its renewal, only where it
# changed; one statement for all of them.
_REPORT = text("""
    WITH r AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:claims AS uuid[]),
            CAST(:steps AS text[]), CAST(:progress AS smallint[]),
            CAST(:notes AS text[])
        ) AS r (id, attempt, claim_id, step, progress, note)
    ), changed AS (
        UPDATE jobs j SET event_seq = j.event_seq + 1, current_step = r.step,
            progress = coalesce(r.progress, j.progress), note = coalesce(r.note, j.note)
        FROM r
        WHERE j.id = r.id AND j.state = 'running' AND j.attempt = r.attempt
          AND j.claim_id = r.claim_id
          AND (j.current_step IS DISTINCT FROM r.step
               OR j.progress IS DISTINCT FROM coalesce(r.progress, j.progress)
               OR j.note IS DISTINCT FROM coalesce(r.note, j.note))
        RETURNING j.id, j.event_seq, j.user_id, j.attempt, j.current_step, j.progress,
                  j.note
    ), event AS (
        INSERT INTO job_events (job_id, seq, user_id, type, name, attempt, data)
        SELECT id, event_seq, user_id, 'progress', coalesce(current_step, ''), attempt,
               jsonb_build_object('step', current_step, 'progress', progress,
                                  'note', note)
        FROM changed
    )
    SELECT j.id, j.cancel_requested_at IS NOT NULL AS cancelling
    FROM jobs j JOIN r ON j.id = r.id
    WHERE j.state = 'running' AND j.attempt = r.attempt AND j.claim_id = r.claim_id
""")

_BURY = text("""
    UPDATE workers SET dead_at = now()
    WHERE dead_at IS NULL AND stopped_at IS NULL
      AND greatest(seen_at, pg_postmaster_start_time(),
                   CAST(:awake_since AS timestamptz))
          < now() - CAST(:silence AS interval)
    RETURNING id
""")

_NOW = text("SELECT now()")

_SERVED = text("""
    SELECT q AS queue, sum(w.slots) AS slots
    FROM workers w, unnest(w.queues) q
    WHERE w.dead_at IS NULL AND w.stopped_at IS NULL AND w.draining_at IS NULL
      AND w.seen_at > now() - CAST(:silence AS interval)
    GROUP BY q
""")


_MINE = text("""
    SELECT id, attempt, claim_id FROM jobs
    WHERE worker_id = :id AND state = 'running'
""")


class Process(NamedTuple):
    """A worker process as it introduces itself."""

    id: UUID
    name: str
    host: str
    pid: int
    role: str
    queues: list[str]
    slots: int


class Doing(NamedTuple):
    """What one held job is doing right now, for those who watch."""

    held: Held
    step: str | None
    progress: int | None
    note: str | None


def register(db: Connection, process: Process) -> None:
    """Begin a lease."""
    db.execute(_REGISTER, process._asdict())


def renew(db: Connection, worker_id: UUID, *, hung: int = 0) -> bool | None:
    """Renew the lease; gives whether to drain; None: given up for dead."""
    draining: bool | None = db.scalar(_RENEW, {"id": worker_id, "hung": hung})
    return draining


def report(db: Connection, doing: list[Doing]) -> dict[UUID, bool]:
    """Write steps and progress; gives the jobs still held, and who asked to cancel."""
    columns: dict[str, list[Any]] = {
        "ids": [each.held.job_id for each in doing],
        "attempts": [each.held.attempt for each in doing],
        "claims": [each.held.claim_id for each in doing],
        "steps": [each.step for each in doing],
        "progress": [each.progress for each in doing],
        "notes": [each.note for each in doing],
    }
    return {row.id: row.cancelling for row in db.execute(_REPORT, columns)}


def claimed_by(db: Connection, worker_id: UUID) -> set[Held]:
    """List what the database believes a worker holds."""
    return {Held(*row) for row in db.execute(_MINE, {"id": worker_id})}


def drain(db: Connection, worker_id: UUID) -> None:
    """Mark a worker that takes no further jobs."""
    db.execute(_DRAIN, {"id": worker_id})


def end(db: Connection, worker_id: UUID) -> None:
    """End a lease: whatever the worker still holds is free to be taken."""
    db.execute(_STOPPED, {"id": worker_id})


def bury(db: Connection, awake_since: datetime) -> list[UUID]:
    """Declare silent workers dead; `awake_since`: the observer's last gap ended."""
    values = {"awake_since": awake_since, "silence": SILENCE}
    return list(db.scalars(_BURY, values))


def clock(db: Connection) -> datetime:
    """Read the database's clock."""
    now: datetime = db.execute(_NOW).scalar_one()
    return now


def served(db: Connection) -> dict[str, int]:
    """Count the slots of live workers, by queue."""
    rows = db.execute(_SERVED, {"silence": SILENCE})
    return {row.queue: int(row.slots) for row in rows}
