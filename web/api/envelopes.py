"""The answer wherever a job starts: its id, where to look, how to watch."""

import math
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from flask import Response, url_for
from pydantic import Field

from jobs.kit.kinds import TIME_LIMIT, catalogue
from models.admission import Brief
from models.states import FINAL, State
from web import links
from web.api.fields import Answer
from web.contract import reply

INTERVAL = timedelta(seconds=2)
_FEWEST_LOOKS = 150


class Polling(Answer):
    """How to poll `statusUrl` where live events can't be had."""

    interval_ms: int
    max_attempts: Annotated[int, Field(ge=_FEWEST_LOOKS)]


class Resource(Answer):
    """What the job works on: itself, or a product's resource."""

    type: str
    id: UUID
    url: str


class Envelope(Answer):
    """A job that was accepted."""

    job_id: UUID
    status: Literal["processing", "completed", "failed", "cancelled"]
    state: State
    finished: bool
    message: str
    status_url: Annotated[str, Field(description="Path of the job, to poll.")]
    events_url: Annotated[
        str, Field(description="Path of its live events, signed for an hour or two.")
    ]
    event_id: UUID | None
    polling: Polling
    resource: Resource


def envelope(job: Brief, resource: Resource | None = None) -> Envelope:
    """Compose the envelope of a job."""
    url = url_for("jobs.show", job_id=job.id)
    finished = job.state in FINAL
    return Envelope(
        job_id=job.id,
        status=job.state.value if finished else "processing",  # type: ignore[arg-type]
        state=job.state,
        finished=finished,
        message="The job is accepted: watch eventsUrl, or poll statusUrl.",
        status_url=url,
        events_url=events_url(job.id, job.user_id),
        event_id=None,
        polling=_polling(job.kind),
        resource=resource or Resource(type="job", id=job.id, url=url),
    )


def started(job: Brief, told: Envelope | None = None) -> Response:
    """Answer 202 for a new job, 200 for one that a repeat has found."""
    return accepted(told or envelope(job), fresh=job.fresh)


def accepted(told: Envelope, *, fresh: bool = True) -> Response:
    """Answer with an envelope and where the job is."""
    return reply(told, 202 if fresh else 200, Location=told.status_url)


def events_url(job_id: UUID, owner: UUID) -> str:
    """Make the link a browser's EventSource can follow."""
    token = links.events_token(job_id, owner)
    return url_for("events.stream", job_id=job_id, token=token)


def _polling(kind: str) -> Polling:
    known = catalogue().get(kind)
    looks = math.ceil((known.timeout if known else TIME_LIMIT) / INTERVAL)
    return Polling(
        interval_ms=INTERVAL // timedelta(milliseconds=1),
        max_attempts=max(_FEWEST_LOOKS, looks),
    )
