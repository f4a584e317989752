"""What is deleted, when, a batch at a time."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

# Children of a job carry its id; everything of it goes with it.
_JOBS = text("""
    WITH old AS (
        SELECT id FROM jobs
        WHERE finished_at < now() - CAST(:age AS interval) AND state = ANY(:states)
        LIMIT :batch FOR UPDATE SKIP LOCKED
    ), d AS (DELETE FROM job_data USING old WHERE job_id = old.id),
       s AS (DELETE FROM job_steps USING old WHERE job_id = old.id),
       e AS (DELETE FROM job_events USING old WHERE job_id = old.id),
       p AS (DELETE FROM audit_sources USING old WHERE job_id = old.id),
       f AS (DELETE FROM failed_jobs USING old WHERE job_id = old.id)
    DELETE FROM jobs USING old WHERE jobs.id = old.id RETURNING jobs.id
""")

_EVENTS = text("""
    DELETE FROM job_events e USING (
        SELECT e.job_id, e.seq FROM job_events e JOIN jobs j ON j.id = e.job_id
        WHERE j.finished_at < now() - CAST(:age AS interval)
        LIMIT :batch
    ) old WHERE e.job_id = old.job_id AND e.seq = old.seq RETURNING e.seq
""")

_KEYS = text("""
    DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
    RETURNING key
""")

_WORKERS = text("""
    DELETE FROM workers
    WHERE coalesce(stopped_at, dead_at) < now() - interval '1 day'
    RETURNING id
""")

_PAGES = text("""
    DELETE FROM audit_sources p USING jobs j
    WHERE j.id = p.job_id AND j.finished_at < now() - interval '1 hour'
    RETURNING p.job_id
""")


class Keep(NamedTuple):
    """How long rows stay."""

    completed: timedelta
    failed: timedelta
    events: timedelta


def prune(db: Connection, keep: Keep, *, batch: int) -> int:
    """Delete one batch of each sort; gives how many rows went."""
    ended = {"age": keep.completed, "states": ["completed"], "batch": batch}
    broken = {"age": keep.failed, "states": ["failed", "cancelled"], "batch": batch}
    told = {"age": keep.events, "batch": batch}
    gone = [
        db.execute(_JOBS, ended),
        db.execute(_JOBS, broken),
        db.execute(_EVENTS, told),
        db.execute(_KEYS),
        db.execute(_WORKERS),
        db.execute(_PAGES),
    ]
    return sum(len(rows.all()) for rows in gone)
