"""What PostgreSQL believes of Redis: which ids were handed over, under which number.

Delivery is never trusted.  A row says when its id was last pushed; the relay
compares that with what Redis holds and hands over again what is missing.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

# One range of the index for each priority: jobs of tomorrow are not read today.
_TAKE = text("""
    UPDATE jobs j SET delivered_at = now(), delivery = j.delivery + 1
    FROM (
        SELECT next.id FROM (VALUES (0), (1), (2)) AS level (rank)
        CROSS JOIN LATERAL (
            SELECT id FROM jobs
            WHERE queue = :queue AND state = 'pending' AND delivered_at IS NULL
              AND priority = CAST(level.rank AS smallint) AND due_at <= now()
            ORDER BY due_at, id LIMIT :room FOR UPDATE SKIP LOCKED
        ) next
        LIMIT :room
    ) due
    WHERE j.id = due.id
    RETURNING j.id, j.kind, j.queue, j.priority, j.delivery, j.attempt, j.due_at
""")

# From queue to queue by the index, however many jobs stand in each.
_QUEUES = text("""
    WITH RECURSIVE found (queue) AS (
        (SELECT queue FROM jobs WHERE state = 'pending' AND delivered_at IS NULL
         ORDER BY queue LIMIT 1)
        UNION ALL
        SELECT (SELECT queue FROM jobs WHERE state = 'pending' AND delivered_at IS NULL
                AND queue > found.queue ORDER BY queue LIMIT 1)
        FROM found WHERE found.queue IS NOT NULL
    )
    SELECT queue FROM found WHERE queue IS NOT NULL
""")

_UNCLAIMED = text("""
    SELECT id, kind, queue, priority, delivery, attempt, due_at FROM jobs
    WHERE state = 'pending' AND delivered_at IS NOT NULL
      AND delivered_at < now() - least(60, power(2, least(delivery, 6)) + 1)
                                 * interval '1 second'
    ORDER BY delivered_at LIMIT :batch
""")

# Only if nobody has claimed or delivered it since it was looked at.
_AGAIN = text("""
    UPDATE jobs j SET delivered_at = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[])) AS missing (id, delivery)
    WHERE j.id = missing.id AND j.delivery = missing.delivery AND j.state = 'pending'
    RETURNING j.id
""")

_FORGET = text("""
    UPDATE jobs SET delivered_at = NULL
    WHERE state = 'pending' AND delivered_at IS NOT NULL
""")

_REFUSED = text("""
    UPDATE jobs SET delivered_at = NULL
    WHERE id = :id AND delivery = :delivery AND state = 'pending'
""")


class Due(NamedTuple):
    """An id to hand over: which job, which kind, where to, under which number."""

    id: UUID
    kind: str
    queue: str
    priority: int
    delivery: int
    attempt: int
    due_at: datetime


def take(db: Connection, queue: str, *, room: int) -> list[Due]:
    """Mark up to `room` due jobs of a queue as delivered, the first ones first."""
    rows = db.execute(_TAKE, {"queue": queue, "room": room})
    return sorted(
        (Due(*row) for row in rows), key=lambda due: (due.priority, due.due_at, due.id)
    )


def queues_with_work(db: Connection) -> list[str]:
    """Name the queues with jobs that were not delivered yet, due or not."""
    return list(db.scalars(_QUEUES))


def unclaimed(db: Connection, *, batch: int) -> list[Due]:
    """List deliveries that nobody took up for a while: 3, 5, 9 … 60 s."""
    return [Due(*row) for row in db.execute(_UNCLAIMED, {"batch": batch})]


def deliver_again(db: Connection, missing: list[Due]) -> int:
    """Take back the deliveries that Redis lost; the relay hands them over anew."""
    values = {
        "ids": [due.id for due in missing],
        "numbers": [due.delivery for due in missing],
    }
    return len(db.scalars(_AGAIN, values).all())


def forget(db: Connection) -> int:
    """Take back every delivery: Redis came back empty."""
    return db.execute(_FORGET).rowcount


def refused(db: Connection, job_id: UUID, delivery: int) -> None:
    """Take back a delivery whose claim was refused though the job is pending."""
    db.execute(_REFUSED, {"id": job_id, "delivery": delivery})
