"""`/api/jobs`: start, look at, list, cancel and retry jobs."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import Field, ValidationError
from sqlalchemy.exc import IntegrityError

from jobs.kit.delivery import push, wake_relay
from jobs.kit.kinds import Access, JobKind, catalogue
from jobs.kit.redis import impatient
from models import admission, job_views, transitions
from models.admission import Brief
from models.job_views import Filter
from models.jobs import Submission
from models.keys import Scope
from models.states import Priority, State
from web import bodies
from web.api.envelopes import Envelope, started
from web.api.fields import Moment, Page, Request, Words
from web.api.job_answers import JobPage, JobView, line, view
from web.callers import caller, demand, own, seen
from web.contract import Operation, idempotency_key, operation, reply
from web.problems import Problem, faults_of, not_found, unprocessable

LARGEST_PAYLOAD = 256 * 1024
_LONGEST_TTL = timedelta(days=365)
# The endpoints of kinds that start only with their product.
PRODUCTS = {"audit": "POST /api/build-sessions"}

api = Blueprint("jobs", __name__)


class JobRequest(Request):
    """A wish for a job."""

    kind: Words
    payload: dict[str, Any] = Field({}, description="What the kind takes.")
    priority: Priority = Priority.NORMAL
    run_at: Annotated[
        Moment | None, Field(description="Not before this time (ISO, with offset).")
    ] = None
    ttl: Annotated[
        float | None,
        Field(
            strict=True,
            ge=1,
            le=_LONGEST_TTL.total_seconds(),
            description="Seconds until it has to have started, or it expires.",
        ),
    ] = None
    tags: Annotated[
        tuple[Annotated[Words, Field(max_length=64)], ...], Field(max_length=20)
    ] = ()


class JobQuery(Page):
    """Which jobs to list."""

    kind: Words | None = None
    state: State | None = None
    tag: Words | None = None
    user: Annotated[UUID | None, Field(description="For operators.")] = None
    q: Annotated[
        Words | None, Field(description="Text in payload, result or error.")
    ] = None
    since: Annotated[Moment | None, Field(description="Created since.")] = None


@api.post("/jobs")
@operation(
    Operation(
        tag="Jobs",
        body=JobRequest,
        keyed=True,
        answers={202: Envelope, 200: Envelope},
        refuses=(403, 404, 409, 413),
    )
)
def submit(body: JobRequest) -> Response:
    """Start a job: 202; 200 and the earlier job for a repeat."""
    kind = startable(body.kind)
    asked = _submission(kind, body)
    key = idempotency_key()
    with own() as db:
        job = admission.admit(db, asked, key)
    deliver(job, asked)
    return started(job)


@api.get("/jobs")
@operation(Operation(tag="Jobs", query=JobQuery, answers={200: JobPage}))
def index(query: JobQuery) -> Response:
    """List jobs, newest first."""
    wanted = Filter(**query.model_dump(exclude={"limit"}))
    with seen() as db:
        page = job_views.page(db, wanted, limit=query.limit)
    return reply(JobPage(items=[line(row) for row in page.rows], next_cursor=page.next))


@api.get("/jobs/<uuid:job_id>")
@operation(Operation(tag="Jobs", answers={200: JobView}, refuses=(404,)))
def show(job_id: UUID) -> Response:
    """Show a job: state, progress, steps, result or error."""
    with seen() as db:
        shown = job_views.show(db, job_id)
    if shown is None:
        raise not_found("job")
    return reply(view(shown))


@api.post("/jobs/<uuid:job_id>/cancel")
@operation(Operation(tag="Jobs", answers={202: Envelope}, refuses=(404, 409)))
def cancel(job_id: UUID) -> Response:
    """Cancel a job; one that runs is asked to stop, and does between its steps."""
    with seen() as db:
        moved = transitions.cancel(db, job_id)
        job = admission.brief(db, job_id)
    return _receipt(job, moved=moved is not None, verb="cancelled")


@api.post("/jobs/<uuid:job_id>/retry")
@operation(Operation(tag="Jobs", answers={202: Envelope}, refuses=(404, 409)))
def retry(job_id: UUID) -> Response:
    """Run a failed job again, from the step that failed; its id stays.

    An operator also lets go on a job that waits with reason `hold`.
    """
    return run_again(job_id)


def run_again(job_id: UUID) -> Response:
    """Retry a failed job in the caller's sight."""
    try:
        with seen() as db:
            moved = transitions.retry(db, job_id)
            if moved is None and caller().sees_all:
                moved = transitions.release(db, job_id)
            job = admission.brief(db, job_id)
    except IntegrityError:
        detail = "Another job with the same dedupe key is active."
        raise Problem(HTTPStatus.CONFLICT, detail) from None
    if moved is not None:
        wake_relay(impatient())
    return _receipt(job, moved=moved is not None, verb="retried")


def startable(name: str) -> JobKind[Any]:
    """Find a kind that the caller may start by name; raises Problem 404 or 403."""
    kind = catalogue().get(name)
    if kind is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no job kind of that name.")
    if kind.access is Access.INTERNAL:
        way = PRODUCTS.get(name, "its product's own endpoint")
        raise Problem(HTTPStatus.FORBIDDEN, f"This kind starts only through {way}.")
    if kind.access is Access.OPERATOR:
        demand(Scope.OPERATOR)
    return kind


def deliver(job: Brief, asked: Submission) -> None:
    """Hand a new job to the workers; should Redis be away, the relay does it."""
    if job.fresh and asked.run_at is None:
        push(job.id, asked.kind, asked.queue, asked.priority)


def _submission(kind: JobKind[Any], body: JobRequest) -> Submission:
    if bodies.size(body.payload) > LARGEST_PAYLOAD:
        detail = f"A payload may have {LARGEST_PAYLOAD:,} bytes of JSON."
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    try:
        payload = kind.accept(body.payload)
    except ValidationError as error:
        raise unprocessable(faults_of(error, within="payload")) from None
    return Submission(
        user_id=caller().user_id,
        kind=kind.name,
        queue=kind.queue_for(payload),
        payload=payload,
        priority=body.priority,
        dedupe_key=kind.dedupe(payload),
        tags=body.tags,
        run_at=body.run_at,
        ttl=timedelta(seconds=body.ttl) if body.ttl else None,
    )


def _receipt(job: Brief | None, *, moved: bool, verb: str) -> Response:
    if job is None:
        raise not_found("job")
    if not moved:
        detail = f"A job that is {job.state} can't be {verb}."
        raise Problem(HTTPStatus.CONFLICT, detail)
    return started(job._replace(fresh=True))
