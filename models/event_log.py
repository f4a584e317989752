"""What was said of jobs, for those who watch: read by number, without gaps."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from models.json import Json

_AFTER = text("""
    SELECT seq, type, name, attempt, data, at FROM job_events
    WHERE job_id = :id AND seq > :after ORDER BY seq LIMIT :limit
""")

# One query for all watched jobs; a job that says much waits for its next turn.
_NEWS = text("""
    SELECT e.job_id, e.seq, e.type, e.name, e.attempt, e.data, e.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:afters AS int[])) AS watched (id, after)
    CROSS JOIN LATERAL (
        SELECT * FROM job_events e
        WHERE e.job_id = watched.id AND e.seq > watched.after
        ORDER BY e.seq LIMIT :each
    ) e
    ORDER BY e.job_id, e.seq
""")

# Events go all at once, so the one seen last, or else the first, tells.
_KNOWN = text("""
    SELECT EXISTS (SELECT FROM job_events
                   WHERE job_id = :id AND seq = greatest(:after, 1))
""")


class Event(NamedTuple):
    """One thing that happened to a job; `seq` counts within the job."""

    seq: int
    type: str
    name: str
    attempt: int
    data: dict[str, Any]
    at: datetime


def after(db: Connection, job_id: UUID, seq: int, *, limit: int) -> list[Event]:
    """List a job's events after a number, in their order."""
    values = {"id": job_id, "after": seq, "limit": limit}
    return [Event(*row) for row in db.execute(_AFTER, values)]


def news(
    db: Connection, watched: Iterable[tuple[UUID, int]], *, each: int
) -> list[tuple[UUID, Event]]:
    """List what is new of several jobs, each after its own number."""
    pairs: Sequence[tuple[UUID, int]] = list(watched)
    values: dict[str, Json | list[UUID]] = {
        "ids": [job_id for job_id, _ in pairs],
        "afters": [seq for _, seq in pairs],
        "each": each,
    }
    return [(row.job_id, Event(*row[1:])) for row in db.execute(_NEWS, values)]


def follows(db: Connection, job_id: UUID, seq: int) -> bool:
    """Tell whether the log goes on from a number without a hole: nothing was pruned."""
    return bool(db.scalar(_KNOWN, {"id": job_id, "after": seq}))
