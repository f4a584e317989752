"""Jobs as they are looked at: one in full, or a page of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Row, text

from models.states import State

T = TypeVar("T", bound=Row[Any])

# A search reads payloads one by one, so it looks at this many jobs and then says
# where it stopped.
SEARCHED_AT_ONCE = 10_000

_SHOW = text("""
    SELECT j.id, j.user_id, j.kind, j.queue, j.state, j.reason, j.priority, j.progress,
           j.note, j.attempt, j.failures, j.parent_id, j.tags, j.current_step,
           j.event_seq, j.due_at, j.cancel_requested_at, j.created_at, j.started_at,
           j.finished_at, d.payload, d.result, d.error, d.error_detail
    FROM jobs j JOIN job_data d ON d.job_id = j.id
    WHERE j.id = :id
""")

_STEPS = text("""
    SELECT name, state, tries, error, started_at, ended_at
    FROM job_steps WHERE job_id = :id ORDER BY position, started_at, name
""")

_COLUMNS = """j.id, j.user_id, j.kind, j.queue, j.state, j.reason, j.progress, j.note,
    j.attempt, j.failures, j.tags, j.priority, j.created_at, j.started_at,
    j.finished_at"""

_FILTERS = {
    "kind": "j.kind = :kind",
    "state": "j.state = :state",
    "tag": "j.tags @> ARRAY[CAST(:tag AS text)]",
    "user": "j.user_id = :user",
    "since": "j.created_at >= :since AND j.id >= :since_id",
    "cursor": "j.id < :cursor",
}

_PAGE = """
    SELECT {columns}, d.error FROM jobs j JOIN job_data d ON d.job_id = j.id
    WHERE {filters} ORDER BY j.id DESC LIMIT :more
"""

_SEARCH = """
    WITH looked_at AS (
        SELECT j.* FROM jobs j WHERE {filters} ORDER BY j.id DESC LIMIT :searched
    )
    SELECT {columns}, d.error, s.seen, s.last
    FROM (SELECT count(*) AS seen, (array_agg(id ORDER BY id))[1] AS last
          FROM looked_at) s
    LEFT JOIN (looked_at j JOIN job_data d ON d.job_id = j.id AND (
        d.payload::text ILIKE :q OR d.result::text ILIKE :q OR d.error ILIKE :q
    )) ON true
    ORDER BY j.id DESC LIMIT :more
""".replace("::text", "\\:\\:text")


class Filter(NamedTuple):
    """Which jobs to list; None: whatever."""

    kind: str | None = None
    state: State | None = None
    tag: str | None = None
    user: UUID | None = None
    since: datetime | None = None
    cursor: UUID | None = None
    q: str | None = None


class Shown(NamedTuple):
    """A job with its steps in their order."""

    job: Row[Any]
    steps: Sequence[Row[Any]]


class Page(NamedTuple, Generic[T]):
    """Some rows, newest first, and where the next page starts; None: at the end."""

    rows: Sequence[T]
    next: UUID | None


def show(db: Connection, job_id: UUID) -> Shown | None:
    """Read all of a job that its users see; None: unknown, or not the speaker's."""
    job = db.execute(_SHOW, {"id": job_id}).one_or_none()
    if job is None:
        return None
    return Shown(job, db.execute(_STEPS, {"id": job_id}).all())


def page(db: Connection, wanted: Filter, *, limit: int) -> Page[Row[Any]]:
    """List jobs; `q` finds text in payload, result and error of the newest jobs.

    A page of a search may be short, or empty, and still have a next one.
    """
    given = {name: value for name, value in wanted._asdict().items() if value}
    chosen = [_FILTERS[name] for name in given if name in _FILTERS] or ["true"]
    words = {"columns": _COLUMNS, "filters": " AND ".join(chosen)}
    if wanted.since:
        given["since_id"] = _first_id(wanted.since)
    if wanted.q:
        given |= {"q": _containing(wanted.q), "searched": SEARCHED_AT_ONCE}
    statement = text((_SEARCH if wanted.q else _PAGE).format(**words))
    rows = db.execute(statement, {**given, "more": limit + 1}).all()
    return _searched(rows, limit) if wanted.q else cut(rows, limit)


def cut(rows: Sequence[T], limit: int) -> Page[T]:
    """Make a page of rows that were read with one to spare."""
    more = len(rows) > limit
    return Page(rows[:limit], rows[limit - 1].id if more else None)


def _searched(rows: Sequence[Row[Any]], limit: int) -> Page[Row[Any]]:
    found = [row for row in rows if row.id is not None]
    if len(found) > limit:
        return cut(found, limit)
    seen_all = rows[0].seen < SEARCHED_AT_ONCE
    return Page(found, None if seen_all else rows[0].last)


def _first_id(since: datetime) -> UUID:
    """Give an id below all that were drawn since: their first 48 bits are the time.

    The index is read up to there; the hour is for clocks that differ.
    """
    moment = since - timedelta(hours=1)
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def _containing(words: str) -> str:
    r"""Write a LIKE pattern; `%`, `_` and `\` stand for themselves."""
    for special in ("\\", "%", "_"):
        words = words.replace(special, "\\" + special)
    return f"%{words}%"
