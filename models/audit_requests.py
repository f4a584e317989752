"""Asking for the audit of a page: a session, its job, and no second one beside it."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from models import admission, build_sessions, job_views
from models.admission import Brief
from models.idempotency import Key
from models.jobs import Submission

KIND = "audit"

_DISCARD = text("DELETE FROM build_sessions WHERE id = :id")


class Page(NamedTuple):
    """A page that is handed in: exactly one of `url` and `html`."""

    name: str
    url: str | None
    html: str | None


class Requested(NamedTuple):
    """The session as it stands, and the job that audits it."""

    session: Row[Any]
    job: Brief


def hand_in(
    db: Connection, user_id: UUID, page: Page, *, queue: str, key: Key | None
) -> Requested:
    """Make a session and start its audit; or give those of the same page under way.

    Raises KeyReusedError and CrowdedError.
    """
    made = build_sessions.create(db, user_id, page.name, url=page.url, html=page.html)
    asked = _submission(user_id, made.id, made.source_hash, queue)
    requested = _audit(db, asked, made.id, key)
    if requested.session.id != made.id:
        db.execute(_DISCARD, {"id": made.id})
    return requested


def audit_again(
    db: Connection, session_id: UUID, *, queue: str, key: Key | None
) -> Requested | None:
    """Audit a session's page anew, unless that is under way; None: unknown.

    Raises KeyReusedError and CrowdedError.
    """
    session = build_sessions.show(db, session_id)
    if session is None:
        return None
    asked = _submission(session.user_id, session_id, session.source_hash, queue)
    return _audit(db, asked, session_id, key)


def _submission(
    user_id: UUID, session_id: UUID, source_hash: str, queue: str
) -> Submission:
    return Submission(
        user_id=user_id,
        kind=KIND,
        queue=queue,
        payload={"session_id": str(session_id)},
        dedupe_key=source_hash,
    )


def _audit(
    db: Connection, asked: Submission, session_id: UUID, key: Key | None
) -> Requested:
    job = admission.admit(db, asked, key)
    if job.fresh:
        build_sessions.attach_job(db, session_id, job.id)
    else:
        session_id = _session_of(db, job.id) or session_id
    session = build_sessions.show(db, session_id)
    if session is None:
        raise admission.CrowdedError
    return Requested(session, job)


def _session_of(db: Connection, job_id: UUID) -> UUID | None:
    """Ask the job: its session may have had another audit since."""
    shown = job_views.show(db, job_id)
    return shown and UUID(shown.job.payload["session_id"])
