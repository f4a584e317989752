"""Jobs as the API shows them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row

from models.job_views import Shown
from models.states import FINAL, Priority, Reason, State
from web.api.fields import Answer, Json
from web.estimates import typical_duration

# States of a step whose try has begun and not ended.
_BEGUN = frozenset({"sleeping", "held"})
StepState = Literal["running", "sleeping", "retrying", "held", "completed", "failed"]


class Step(Answer):
    """One step; `tries` counts the one under way."""

    name: str
    state: StepState
    tries: int
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    error: str | None


class ErrorDetail(Answer):
    """What sort of error ended a job."""

    type: str
    step: str | None
    retryable: bool


class Cost(Answer):
    """What a job has cost."""

    amount: float
    unit: str


class JobView(Answer):
    """A job in full."""

    job_id: UUID
    kind: str
    state: State
    finished: bool
    reason: Reason | None
    progress: int | None
    note: str | None
    eta: datetime | None
    steps: list[Step]
    result: Json
    error: str | None
    error_detail: ErrorDetail | None
    attempt: int
    failures: int
    cost: Cost | None
    parent_id: UUID | None
    children: list[UUID]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class JobLine(Answer):
    """A job as a line of a list."""

    job_id: UUID
    user_id: UUID
    kind: str
    state: State
    finished: bool
    reason: Reason | None
    progress: int | None
    note: str | None
    priority: Priority
    tags: list[str]
    error: str | None
    attempt: int
    failures: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class JobPage(Answer):
    """Jobs, newest first."""

    items: list[JobLine]
    next_cursor: UUID | None


def view(shown: Shown) -> JobView:
    """Show a job with its steps."""
    job = shown.job
    return JobView(
        **_shared(job),
        eta=_eta(job),
        steps=steps(shown),
        result=job.result,
        error_detail=job.error_detail and ErrorDetail(**job.error_detail),
        cost=None,
        parent_id=job.parent_id,
        children=[],
    )


def line(job: Row[Any]) -> JobLine:
    """Show a job in a list."""
    priority = list(Priority)[job.priority]
    return JobLine(
        **_shared(job), user_id=job.user_id, priority=priority, tags=job.tags
    )


def steps(shown: Shown) -> list[Step]:
    """List the recorded steps, and the one under way that has no record yet."""
    current = shown.job.current_step
    listed = [_step(row, running=row.name == current) for row in shown.steps]
    if current is None or any(step.name == current for step in listed):
        return listed
    now = Step(
        name=current,
        state="running",
        tries=1,
        started_at=None,
        ended_at=None,
        duration_ms=None,
        error=None,
    )
    return [*listed, now]


def _shared(job: Row[Any]) -> dict[str, Any]:
    names = ("kind", "reason", "progress", "note", "error", "attempt", "failures")
    return {
        **{name: getattr(job, name) for name in names},
        "job_id": job.id,
        "state": job.state,
        "finished": State(job.state) in FINAL,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.finished_at,
    }


def _step(row: Row[Any], *, running: bool) -> Step:
    under_way = running or row.state == "started"
    took = row.ended_at - row.started_at if row.ended_at and row.started_at else None
    return Step(
        name=row.name,
        state="running" if under_way else row.state,
        tries=row.tries + (under_way or row.state in _BEGUN),
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=took // timedelta(milliseconds=1) if took is not None else None,
        error=row.error,
    )


def _eta(job: Row[Any]) -> datetime | None:
    """Estimate only what runs, and not longer than usual: the rest nobody knows."""
    if job.state != State.RUNNING:
        return None
    usual = typical_duration(job.kind)
    end = job.started_at + usual if usual else None
    return end if end and end > datetime.now(UTC) else None
