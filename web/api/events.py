"""`/api/jobs/{id}/events`: what happens to a job, live or as a list."""

import socket
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import Field

from models import event_log, job_views
from models.database import as_operator, as_user, web_engine
from models.job_views import Shown
from models.keys import Scope
from models.states import FINAL, State
from web import links
from web.api.event_answers import EventPage, told
from web.api.fields import DIGITS, Limit, Request
from web.api.streaming import lines
from web.callers import caller, demand
from web.contract import Operation, operation, reply
from web.problems import Problem, not_found
from web.watch import TooManyError, watch

STREAM = "text/event-stream"
_AGAIN_IN = timedelta(seconds=5)
_HIGHEST = 2**31 - 1

api = Blueprint("events", __name__)


class EventQuery(Request):
    """Which events; a stream takes `Last-Event-ID` instead of a cursor."""

    token: Annotated[str | None, Field(description="The signature in `eventsUrl`.")] = (
        None
    )
    limit: Limit = 200
    cursor: Annotated[
        str | None, Field(pattern=DIGITS, description="`nextCursor`, for JSON.")
    ] = None


@api.get("/jobs/<uuid:job_id>/events")
@operation(
    Operation(
        tag="Jobs",
        by_link=True,
        query=EventQuery,
        answers={200: EventPage, 204: ""},
        refuses=(404, 503),
        streams=True,
    )
)
def stream(job_id: UUID, query: EventQuery) -> Response:
    """Stream a job's events (SSE); a list with `Accept: application/json`."""
    shown = _in_sight(job_id, query.token)
    if _wants_list():
        return _listed(job_id, query)
    seen = _last_event_id()
    if State(shown.job.state) in FINAL and seen >= shown.job.event_seq:
        return Response(status=HTTPStatus.NO_CONTENT)
    return _streamed(shown, seen)


def _in_sight(job_id: UUID, token: str | None) -> Shown:
    if token is None:
        demand(Scope.USER)
        asks = caller()
        user_id, sees_all = asks.user_id, asks.sees_all
    else:
        user_id, sees_all = links.owner_of_events(token, job_id), False
    engine = web_engine()
    with as_operator(engine) if sees_all else as_user(engine, user_id) as db:
        shown = job_views.show(db, job_id)
    if shown is None:
        raise not_found("job")
    return shown


def _wants_list() -> bool:
    accepts = request.accept_mimetypes
    return accepts.best_match([STREAM, "application/json"], STREAM) != STREAM


def _listed(job_id: UUID, query: EventQuery) -> Response:
    # The caller was found to see this job.
    with as_operator(web_engine()) as db:
        after = int(query.cursor or 0)
        events = event_log.after(db, job_id, after, limit=query.limit + 1)
    page = events[: query.limit]
    more = str(page[-1].seq) if len(events) > query.limit else None
    return reply(EventPage(items=[told(event) for event in page], next_cursor=more))


def _last_event_id() -> int:
    sent = request.headers.get("Last-Event-ID", "0")
    known = sent.isascii() and sent.isdigit() and int(sent) <= _HIGHEST
    return int(sent) if known else 0


def _leaving() -> Callable[[], bool]:
    """Make a look at the connection that tells whether the client has closed it.

    A write would tell too, but the next one may be far away.
    """
    connection: socket.socket | None = request.environ.get("gunicorn.socket")

    def left() -> bool:
        if connection is None:
            return False
        try:
            return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    return left


def _streamed(shown: Shown, seen: int) -> Response:
    held = ExitStack()
    try:
        held.enter_context(watch().place())
    except TooManyError:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "All places for live streams are taken: poll statusUrl, or come back.",
            headers={"Retry-After": str(_AGAIN_IN // timedelta(seconds=1))},
        ) from None
    if request.method == "HEAD":
        held.close()
    answer = Response(lines(shown, seen, _leaving()), mimetype=STREAM)
    answer.call_on_close(held.close)
    answer.headers["Cache-Control"] = "no-cache, no-transform"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer
