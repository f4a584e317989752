"""`/api/failed-jobs`: the jobs that failed for good; for operators."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import Field
from sqlalchemy import Row

from models import dead_letters, failed_views
from models.failed_views import Filter
from models.keys import Scope
from web.api.envelopes import Envelope
from web.api.fields import Answer, Json, NoNul, Page, Request, Words
from web.api.jobs import run_again
from web.callers import caller, seen
from web.contract import Operation, operation, reply
from web.problems import Problem, not_found

api = Blueprint("failed_jobs", __name__)


class FailedJobLine(Answer):
    """A dead letter as a line of a list."""

    id: UUID
    job_id: UUID
    user_id: UUID
    job_type: str
    error_message: str
    failed_step: str | None
    fingerprint: Annotated[str, Field(description="The same for the same trouble.")]
    retry_count: int
    failed_at: datetime
    resolved_at: datetime | None
    resolved_by: UUID | None
    notes: str | None
    replayed_at: datetime | None


class FailedJob(FailedJobLine):
    """A dead letter in full; secrets are blotted out."""

    event_data: Json
    error_stack: str | None


class FailedJobPage(Answer):
    """Dead letters, newest first."""

    items: list[FailedJobLine]
    next_cursor: UUID | None


class FailedJobQuery(Page):
    """Which dead letters to list."""

    job_type: Words | None = None
    fingerprint: Words | None = None
    open: Annotated[
        bool | None, Field(description="Neither resolved nor replayed.")
    ] = None


class Resolution(Request):
    """Why a dead letter needs no replay."""

    notes: Annotated[NoNul, Field(max_length=10_000)] = ""


@api.get("/failed-jobs")
@operation(
    Operation(
        tag="Failed jobs",
        scope=Scope.OPERATOR,
        query=FailedJobQuery,
        answers={200: FailedJobPage},
    )
)
def index(query: FailedJobQuery) -> Response:
    """List the jobs that failed for good, newest first."""
    wanted = Filter(**query.model_dump(exclude={"limit"}))
    with seen() as db:
        page = failed_views.page(db, wanted, limit=query.limit)
    items = [FailedJobLine(**_values(row, FailedJobLine)) for row in page.rows]
    return reply(FailedJobPage(items=items, next_cursor=page.next))


@api.get("/failed-jobs/<uuid:failed_id>")
@operation(
    Operation(
        tag="Failed jobs",
        scope=Scope.OPERATOR,
        answers={200: FailedJob},
        refuses=(404,),
    )
)
def show(failed_id: UUID) -> Response:
    """Show a failed job with its payload and stack."""
    return reply(_shown(find(failed_id)))


@api.post("/failed-jobs/<uuid:failed_id>/replay")
@operation(
    Operation(
        tag="Failed jobs",
        scope=Scope.OPERATOR,
        answers={202: Envelope},
        refuses=(404, 409),
    )
)
def replay(failed_id: UUID) -> Response:
    """Run the job again from the step that failed, with the same id and keys."""
    return run_again(find(failed_id).job_id)


@api.post("/failed-jobs/<uuid:failed_id>/resolve")
@operation(
    Operation(
        tag="Failed jobs",
        scope=Scope.OPERATOR,
        body=Resolution,
        answers={200: FailedJob},
        refuses=(404, 409),
    )
)
def resolve(failed_id: UUID, body: Resolution) -> Response:
    """Close a failed job with notes, without running it again."""
    with seen() as db:
        by = caller().user_id
        done = dead_letters.resolve(db, failed_id, by=by, notes=body.notes)
        row = failed_views.show(db, failed_id)
    if row is None:
        raise not_found("failed job")
    if done is None:
        raise Problem(HTTPStatus.CONFLICT, "It is resolved already.")
    return reply(_shown(row))


def find(failed_id: UUID) -> Row[Any]:
    """Read a dead letter; raises Problem 404."""
    with seen() as db:
        row = failed_views.show(db, failed_id)
    if row is None:
        raise not_found("failed job")
    return row


def _shown(row: Row[Any]) -> FailedJob:
    return FailedJob(**_values(row, FailedJob))


def _values(row: Row[Any], model: type[Answer]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields}
