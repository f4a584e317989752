"""Pages that were handed in, what an audit fetched of them, and what it found.

Whether an audit is pending, running, completed or failed is not stored: it is the
state of its job.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from uuid_utils.compat import uuid7

from models.job_views import Page, cut
from models.states import State
from models.tables.audits import audit_sources, audits, build_sessions
from models.tables.jobs import job_data, jobs

_STATUS = {
    State.PENDING: "pending",
    State.RUNNING: "running",
    State.WAITING: "running",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "failed",
}


class Created(NamedTuple):
    """A new session, and the key under which one audit of its page runs at a time."""

    id: UUID
    source_hash: str


class Source(NamedTuple):
    """A file as it was fetched; `headers` holds whatever JSON its reader wants."""

    name: str
    url: str
    status: int
    headers: Mapping[str, Any]
    content: bytes


def create(
    db: Connection, user_id: UUID, name: str, *, url: str | None, html: str | None
) -> Created:
    """Remember a page: exactly one of `url` and `html`.

    Characters of `html` that PostgreSQL's text can't hold become U+FFFD and `?`.
    """
    html = html and html.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    created = Created(uuid7(), source_hash(url=url, html=html))
    db.execute(
        insert(build_sessions).values(
            id=created.id,
            user_id=user_id,
            name=name,
            url=url,
            html=html,
            source_hash=created.source_hash,
        )
    )
    return created


def source_hash(*, url: str | None, html: str | None) -> str:
    """Make the key of a page's content, or of its address."""
    kind, text = ("url", url) if url is not None else ("html", html or "")
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "replace")).hexdigest()


def audit_status(state: str | None) -> str:
    """Say where an audit is: pending, running, completed or failed."""
    return _STATUS[State(state)] if state else "pending"


def attach_job(db: Connection, session_id: UUID, job_id: UUID) -> None:
    """Make this job's audit the one that counts."""
    db.execute(
        update(build_sessions)
        .where(build_sessions.c.id == session_id)
        .values(job_id=job_id)
    )


_SHOWN: Select[Any] = (
    select(
        build_sessions.c.id,
        build_sessions.c.user_id,
        build_sessions.c.name,
        build_sessions.c.url,
        build_sessions.c.source_hash,
        build_sessions.c.job_id,
        build_sessions.c.created_at,
        jobs.c.state,
        job_data.c.error,
        audits.c.score,
        audits.c.scores,
    )
    .outerjoin_from(build_sessions, jobs, jobs.c.id == build_sessions.c.job_id)
    .outerjoin(job_data, job_data.c.job_id == jobs.c.id)
    .outerjoin(audits, audits.c.job_id == build_sessions.c.job_id)
)


def show(db: Connection, session_id: UUID) -> Row[Any] | None:
    """Read a session with its audit's state, error and scores; None: unknown."""
    return db.execute(_SHOWN.where(build_sessions.c.id == session_id)).one_or_none()


def page(db: Connection, *, cursor: UUID | None, limit: int) -> Page[Row[Any]]:
    """List sessions, newest first."""
    wanted = _SHOWN.order_by(build_sessions.c.id.desc()).limit(limit + 1)
    if cursor is not None:
        wanted = wanted.where(build_sessions.c.id < cursor)
    return cut(db.execute(wanted).all(), limit)


def page_source(db: Connection, session_id: UUID) -> Row[Any] | None:
    """Read `url` and `html` of a session, one of which is None; None: unknown."""
    wanted: Select[Any] = select(build_sessions.c.url, build_sessions.c.html)
    return db.execute(wanted.where(build_sessions.c.id == session_id)).one_or_none()


def audit_of(db: Connection, job_id: UUID) -> Row[Any] | None:
    """Read what the audit of a job found; None when it has not ended."""
    return db.execute(select(audits).where(audits.c.job_id == job_id)).one_or_none()


def keep_sources(
    db: Connection, user_id: UUID, job_id: UUID, sources: Sequence[Source]
) -> None:
    """Keep fetched files for the steps to come; a step that repeats replaces them."""
    for source in sources:
        values = {**source._asdict(), "headers": dict(source.headers)}
        statement = upsert(audit_sources).values(
            job_id=job_id, user_id=user_id, **values
        )
        db.execute(
            statement.on_conflict_do_update(
                index_elements=["job_id", "name"],
                set_={name: statement.excluded[name] for name in values},
            )
        )


def read_sources(db: Connection, job_id: UUID) -> list[Source]:
    """Read the files kept for a job, by name."""
    columns = [audit_sources.c[name] for name in Source._fields]
    wanted = select(*columns).where(audit_sources.c.job_id == job_id)
    return [Source(*row) for row in db.execute(wanted.order_by(audit_sources.c.name))]


def record_audit(
    db: Connection,
    user_id: UUID,
    *,
    session_id: UUID,
    job_id: UUID,
    score: int,
    scores: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> None:
    """Record what an audit found, once, and let go of the files it kept."""
    db.execute(
        upsert(audits)
        .values(
            id=uuid7(),
            user_id=user_id,
            session_id=session_id,
            job_id=job_id,
            score=score,
            scores=dict(scores),
            findings=list(findings),
            page=dict(facts),
        )
        .on_conflict_do_nothing(index_elements=["job_id"])
    )
    db.execute(delete(audit_sources).where(audit_sources.c.job_id == job_id))
