"""`/api/build-sessions`: pages that are handed in, and their audits."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from flask import Blueprint, Response, url_for
from pydantic import AfterValidator, ConfigDict, Field, model_validator
from sqlalchemy import Row

from jobs.audit.findings import Category, Severity
from jobs.kit.delivery import push
from jobs.kit.kinds import catalogue
from jobs.providers.urls import LONGEST_URL, normalise_url
from models import audit_requests, build_sessions
from models.audit_requests import KIND, Requested
from models.states import FINAL, Priority, State
from web.api import fields
from web.api.envelopes import Envelope, Resource, accepted, envelope
from web.api.fields import Answer, NoNul, Request, Words
from web.callers import caller, own, seen
from web.contract import Operation, idempotency_key, operation, reply
from web.problems import Problem, not_found

LARGEST_HTML = 5_000_000
# What people type; other addresses are read if they say http:// or https://.
_TYPED = (
    r"^(https?://)?([A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,20}"
    r"(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~/-]{0,200})?$"
)

api = Blueprint("build_sessions", __name__)


def _address(value: str) -> str:
    said = value.lower().startswith(("http://", "https://"))
    if not (said or re.match(_TYPED, value)):
        message = "this is no address of a web page, like https://example.org/"
        raise ValueError(message)
    return normalise_url(value)


Address = Annotated[
    NoNul,
    Field(min_length=1, max_length=LONGEST_URL, json_schema_extra={"pattern": _TYPED}),
    AfterValidator(_address),
]


class PageRequest(Request):
    """A page to audit: its address, or itself."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["url"]}, {"required": ["html"]}]}
    )

    name: Words
    url: Address = Field(default_factory=str)
    html: Annotated[NoNul, Field(min_length=1)] = Field(default_factory=str)

    @model_validator(mode="after")
    def one_source(self) -> Self:
        """Take exactly one of the two."""
        if len(self.model_fields_set & {"url", "html"}) != 1:
            message = "give either url or html"
            raise ValueError(message)
        return self


class BuildSession(Answer):
    """A page, and where its latest audit is."""

    id: UUID
    name: str
    url: str | None
    audit_status: Literal["pending", "running", "completed", "failed"]
    audit_score: Annotated[int | None, Field(ge=0, le=100)]
    audit_error: Annotated[
        str | None, Field(description="Why the audit failed, for the user.")
    ]
    scores: Annotated[
        dict[Category, int | None] | None,
        Field(description="By category; null where too few rules could run."),
    ]
    job_id: UUID | None
    created_at: datetime


class Finding(Answer):
    """One rule that a page fails, where, and how to mend it."""

    rule: str
    category: Category
    severity: Severity
    wcag: Annotated[str | None, Field(description="The WCAG criterion it breaks.")]
    message: str
    fix: str
    source: Annotated[str, Field(description="The stylesheet; empty: the page.")]
    selector: str
    snippet: str
    line: int | None
    column: int | None
    occurrences: int


class AuditedSession(BuildSession):
    """A page with what its latest audit found."""

    findings: list[Finding] | None
    page: Annotated[dict[str, Any] | None, Field(description="Facts of the page.")]


class BuildSessionPage(Answer):
    """Build sessions, newest first."""

    items: list[BuildSession]
    next_cursor: UUID | None


class SessionEnvelope(Envelope):
    """The audit's job, and the session it audits."""

    build_session: BuildSession


@api.post("/build-sessions")
@operation(
    Operation(
        tag="Build sessions",
        body=PageRequest,
        keyed=True,
        answers={202: SessionEnvelope, 200: SessionEnvelope},
        refuses=(409, 413),
    )
)
def create(body: PageRequest) -> Response:
    """Hand a page in; its audit starts. While it runs, the same page is a repeat."""
    if len(body.html.encode()) > LARGEST_HTML:
        detail = f"A page may have {LARGEST_HTML:,} bytes."
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    page = audit_requests.Page(body.name, body.url or None, body.html or None)
    key = idempotency_key()
    with own() as db:
        requested = audit_requests.hand_in(
            db, caller().user_id, page, queue=_queue(), key=key
        )
    return _answered(requested)


@api.post("/build-sessions/<uuid:session_id>/audit")
@operation(
    Operation(
        tag="Build sessions",
        keyed=True,
        answers={202: SessionEnvelope, 200: SessionEnvelope},
        refuses=(404, 409),
    )
)
def audit(session_id: UUID) -> Response:
    """Audit a page again."""
    key = idempotency_key()
    with own() as db:
        requested = audit_requests.audit_again(db, session_id, queue=_queue(), key=key)
    if requested is None:
        raise not_found("build session")
    return _answered(requested)


@api.get("/build-sessions")
@operation(
    Operation(tag="Build sessions", query=fields.Page, answers={200: BuildSessionPage})
)
def index(query: fields.Page) -> Response:
    """List the pages handed in, newest first."""
    with seen() as db:
        page = build_sessions.page(db, cursor=query.cursor, limit=query.limit)
    items = [BuildSession(**_values(row)) for row in page.rows]
    return reply(BuildSessionPage(items=items, next_cursor=page.next))


@api.get("/build-sessions/<uuid:session_id>")
@operation(
    Operation(tag="Build sessions", answers={200: AuditedSession}, refuses=(404,))
)
def show(session_id: UUID) -> Response:
    """Show a page, its audit's status, score and findings."""
    with seen() as db:
        row = build_sessions.show(db, session_id)
        found = row and row.job_id and build_sessions.audit_of(db, row.job_id)
    if row is None:
        raise not_found("build session")
    details: dict[str, Any] = {
        "findings": found.findings if found else None,
        "page": found.page if found else None,
    }
    return reply(AuditedSession(**_values(row), **details))


def _queue() -> str:
    # Audits run isolated, whatever their page.
    return catalogue()[KIND].queue_for({})


def _answered(requested: Requested) -> Response:
    session, job = requested
    if job.fresh:
        push(job.id, job.kind, _queue(), Priority.NORMAL)
    url = url_for("build_sessions.show", session_id=session.id)
    resource = Resource(type="build-session", id=session.id, url=url)
    told = SessionEnvelope(
        **envelope(job, resource).model_dump(),
        build_session=BuildSession(**_values(session)),
    )
    return accepted(told, fresh=job.fresh)


def _values(row: Row[Any]) -> dict[str, Any]:
    failed = row.state in FINAL and row.state != State.COMPLETED
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "audit_status": build_sessions.audit_status(row.state),
        "audit_score": row.score,
        "audit_error": (row.error or "It was cancelled.") if failed else None,
        "scores": row.scores,
        "job_id": row.job_id,
        "created_at": row.created_at,
    }
