"""The service at a glance: what readiness, metrics and the monitor ask."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from models.leases import SILENCE

_TOTALS = text("""
    SELECT queue, kind, state, count(*) AS jobs FROM jobs GROUP BY queue, kind, state
""")

_DEPTHS = text("""
    SELECT queue,
           count(*) FILTER (WHERE state = 'pending' AND due_at <= now()) AS due,
           count(*) FILTER (WHERE state = 'pending' AND due_at > now()) AS scheduled,
           count(*) FILTER (WHERE state = 'running') AS running,
           count(*) FILTER (WHERE state = 'waiting') AS waiting,
           count(*) FILTER (WHERE state = 'pending' AND delivered_at IS NOT NULL)
               AS delivered,
           coalesce(extract(epoch FROM now() - min(due_at)
               FILTER (WHERE state = 'pending' AND due_at <= now())), 0) AS oldest_wait
    FROM jobs WHERE state IN ('pending', 'running', 'waiting')
    GROUP BY queue ORDER BY queue
""")

_OPEN_LETTERS = text("""
    SELECT job_type, count(*) AS letters FROM failed_jobs
    WHERE resolved_at IS NULL AND replayed_at IS NULL GROUP BY job_type
""")

_WORKERS = text("""
    SELECT w.id, w.name, w.host, w.pid, w.role, w.queues, w.slots, w.hung, w.started_at,
           w.seen_at, w.draining_at, w.stopped_at, w.dead_at,
           w.seen_at > now() - CAST(:silence AS interval) AS fresh,
           (SELECT count(*) FROM jobs j
            WHERE j.worker_id = w.id AND j.state = 'running') AS running
    FROM workers w
    WHERE coalesce(w.stopped_at, w.dead_at, now()) > now() - interval '1 hour'
    ORDER BY (w.stopped_at IS NOT NULL OR w.dead_at IS NOT NULL), w.role, w.name
    LIMIT 200
""")

# Of the newest jobs only: so the cost does not grow with the table.
_DURATIONS = text("""
    SELECT kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY took) AS median
    FROM (
        SELECT kind, finished_at - started_at AS took,
               row_number() OVER (PARTITION BY kind ORDER BY id DESC) AS place
        FROM (SELECT id, kind, started_at, finished_at FROM jobs
              WHERE state = 'completed' ORDER BY id DESC LIMIT 2000) newest
    ) ranked
    WHERE place <= 50 GROUP BY kind
""")


def totals(db: Connection) -> Sequence[Row[Any]]:
    """Count all jobs by queue, kind and state."""
    return db.execute(_TOTALS).all()


def depths(db: Connection) -> Sequence[Row[Any]]:
    """Count the jobs that have not ended, by queue; `oldest_wait` in seconds."""
    return db.execute(_DEPTHS).all()


def open_letters(db: Connection) -> Mapping[str, int]:
    """Count dead letters that nobody has dealt with, by job kind."""
    return {row.job_type: row.letters for row in db.execute(_OPEN_LETTERS)}


def workers(db: Connection) -> Sequence[Row[Any]]:
    """List worker processes, those that ended within the hour last."""
    return db.execute(_WORKERS, {"silence": SILENCE}).all()


def typical_durations(db: Connection) -> Mapping[str, timedelta]:
    """Give the median of each kind's last 50 completed jobs, start to end."""
    return {row.kind: row.median for row in db.execute(_DURATIONS)}
