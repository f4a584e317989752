"""`/monitor`: jobs, failed jobs and workers for operators, read from PostgreSQL."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from jobs.kit.kinds import catalogue
from jobs.kit.redaction import redact_data
from models import dead_letters, failed_views, job_views, overview
from models.failed_views import Filter as FailedFilter
from models.job_views import Filter
from models.states import FINAL, State
from web.api import failed_jobs
from web.api import jobs as job_calls
from web.api.envelopes import events_url
from web.api.failed_jobs import FailedJobQuery, find
from web.api.job_answers import line, view
from web.api.jobs import JobQuery
from web.callers import caller, seen
from web.contract import checked_as
from web.login import operators_only
from web.problems import not_found

pages = Blueprint("monitor", __name__)
pages.before_request(operators_only)


@pages.get("/monitor")
def jobs() -> str:
    """List jobs by filter, with the depths of the queues."""
    query = checked_as(JobQuery, _given())
    wanted = Filter(**query.model_dump(exclude={"limit"}))
    with seen() as db:
        page = job_views.page(db, wanted, limit=query.limit)
        depths = overview.depths(db)
    return render_template(
        "monitor/jobs.html",
        jobs=[line(row) for row in page.rows],
        older=_older(page.next),
        depths=depths,
        kinds=sorted(catalogue()),
        states=[*State],
        query=query,
    )


@pages.get("/monitor/jobs/<uuid:job_id>")
def job(job_id: UUID) -> str:
    """Show a job's steps as they go."""
    with seen() as db:
        shown = job_views.show(db, job_id)
    if shown is None:
        raise not_found("job")
    state = State(shown.job.state)
    return render_template(
        "monitor/job.html",
        job=view(shown),
        row=shown.job,
        payload=redact_data(shown.job.payload),
        events=events_url(job_id, shown.job.user_id),
        can_cancel=state not in FINAL,
        can_retry=state is State.FAILED,
    )


@pages.post("/monitor/jobs/<uuid:job_id>/cancel")
def cancel(job_id: UUID) -> AnyResponse:
    """Cancel a job."""
    job_calls.cancel(job_id=job_id)
    return _back(url_for("monitor.job", job_id=job_id))


@pages.post("/monitor/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> AnyResponse:
    """Run a failed job again."""
    job_calls.run_again(job_id)
    return _back(url_for("monitor.job", job_id=job_id))


@pages.get("/monitor/failed")
def failed() -> str:
    """List the jobs that failed for good."""
    query = checked_as(FailedJobQuery, {"open": "true", **_given()})
    wanted = FailedFilter(**query.model_dump(exclude={"limit"}))
    with seen() as db:
        page = failed_views.page(db, wanted, limit=query.limit)
    return render_template(
        "monitor/failed.html", letters=page.rows, older=_older(page.next), query=query
    )


@pages.get("/monitor/failed/<uuid:failed_id>")
def letter(failed_id: UUID) -> str:
    """Show a failed job with its stack."""
    return render_template("monitor/letter.html", letter=find(failed_id))


@pages.post("/monitor/failed/<uuid:failed_id>/replay")
def replay(failed_id: UUID) -> AnyResponse:
    """Run it again from the step that failed."""
    job_id = find(failed_id).job_id
    job_calls.run_again(job_id)
    return _back(url_for("monitor.job", job_id=job_id))


@pages.post("/monitor/failed/<uuid:failed_id>/resolve")
def resolve(failed_id: UUID) -> AnyResponse:
    """Close it with notes."""
    notes = checked_as(failed_jobs.Resolution, {"notes": request.form.get("notes", "")})
    with seen() as db:
        dead_letters.resolve(db, failed_id, by=caller().user_id, notes=notes.notes)
    return _back(url_for("monitor.letter", failed_id=failed_id))


@pages.get("/monitor/workers")
def workers() -> str:
    """List worker processes and what the queues hold."""
    with seen() as db:
        processes, depths = overview.workers(db), overview.depths(db)
    return render_template("monitor/workers.html", workers=processes, depths=depths)


@pages.app_template_filter("ago")
def ago(moment: datetime | None) -> str:
    """Say how long ago something was, in the largest unit that fits."""
    if moment is None:
        return "never"
    return f"{span(datetime.now(UTC) - moment)} ago"


@pages.app_template_filter("span")
def span(length: timedelta | float) -> str:
    """Say a duration in the largest unit that fits."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _given() -> Mapping[str, Any]:
    """Read the filters; an empty field of the form filters nothing."""
    return {name: value for name, value in request.args.items() if value}


def _older(cursor: UUID | None) -> str | None:
    if cursor is None:
        return None
    return url_for(str(request.endpoint), **{**_given(), "cursor": str(cursor)})


def _back(url: str) -> AnyResponse:
    return redirect(url, HTTPStatus.SEE_OTHER)
