"""A job's events as the API tells them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from models.event_log import Event
from models.states import FINAL, Reason, State
from web.api.fields import Answer
from web.api.job_answers import ErrorDetail, JobView


class Told(Answer):
    """What every event says: its number in the job, when, and in which attempt."""

    seq: int
    at: datetime
    attempt: int


class StateTold(Told):
    """The job went from one state to another, or was asked to."""

    type: Literal["state"]
    name: Annotated[str, Field(description="What happened: submitted, claimed …")]
    state: State
    reason: Reason | None
    finished: bool


class StepTold(Told):
    """A step began, ended, failed or waits."""

    type: Literal["step"]
    name: str
    state: str
    duration_ms: int | None
    error: str | None


class ProgressTold(Told):
    """How far the job is, and in which step."""

    type: Literal["progress"]
    step: str | None
    progress: int | None
    note: str | None


class LogTold(Told):
    """A line that the job wrote."""

    type: Literal["log"]
    message: str
    fields: dict[str, Any]


class EndTold(Answer):
    """The job has ended; nothing follows unless it is retried."""

    seq: int
    job_id: UUID
    state: State
    finished: Literal[True]
    error: str | None
    error_detail: ErrorDetail | None


EventTold = Annotated[
    StateTold | StepTold | ProgressTold | LogTold, Field(discriminator="type")
]


class EventPage(Answer):
    """Events in the order in which they happened."""

    items: list[EventTold]
    next_cursor: str | None


def told(event: Event) -> StateTold | StepTold | ProgressTold | LogTold:
    """Tell an event by its type."""
    shared: dict[str, Any] = {
        "seq": event.seq,
        "at": event.at,
        "attempt": event.attempt,
    }
    data = event.data
    match event.type:
        case "state":
            # A request to stop changes no state, so it names none.
            state = State(data.get("state") or State.RUNNING)
            return StateTold(
                **shared,
                type="state",
                name=event.name,
                state=state,
                reason=data.get("reason"),
                finished=state in FINAL,
            )
        case "step":
            return StepTold(
                **shared,
                type="step",
                name=event.name,
                state=data.get("state", "running"),
                duration_ms=data.get("durationMs"),
                error=data.get("error"),
            )
        case "progress":
            return ProgressTold(
                **shared,
                type="progress",
                step=data.get("step"),
                progress=data.get("progress"),
                note=data.get("note"),
            )
        case _:
            fields = {key: value for key, value in data.items() if key != "message"}
            message = str(data.get("message", event.name))
            return LogTold(**shared, type="log", message=message, fields=fields)


def end_of(job: JobView, seq: int) -> EndTold:
    """Tell that a job has ended."""
    return EndTold(
        seq=seq,
        job_id=job.job_id,
        state=job.state,
        finished=True,
        error=job.error,
        error_detail=job.error_detail,
    )
