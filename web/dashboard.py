"""`/rq`: rq-dashboard for operators, with its faults closed.

It shows the window of ids that is in Redis.  Whatever would change Redis behind
PostgreSQL's back is off; its Requeue is our replay.
"""

import secrets
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

import rq_dashboard
from flask import Flask, Response, abort, g, jsonify, request
from redis.exceptions import RedisError
from rq.exceptions import NoSuchJobError
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from werkzeug.wrappers import Response as AnyResponse

from jobs.kit.delivery import parse
from jobs.kit.redis import impatient
from models import overview
from models.settings import settings
from web.api.jobs import run_again
from web.callers import seen
from web.headers import CONTENT_POLICY
from web.login import operators_only
from web.problems import Problem, answer, not_found

_READS = frozenset(
    f"rq_dashboard.{view}"
    for view in (
        "favicon",
        "static",
        "queues_overview",
        "workers_overview",
        "jobs_overview",
        "job_view",
        "list_queues",
        "list_jobs",
        "job_info",
        "list_workers",
    )
)
_REQUEUE = "rq_dashboard.requeue_job_view"
_REQUEUE_ALL = "rq_dashboard.requeue_all"
_MOST_AT_ONCE = 1000


def init_app(app: Flask) -> None:
    """Mount it."""
    # Never unpickle: Redis' content is not ours to trust with code.
    rq_dashboard.web.config.serializer = JSONSerializer
    app.config["RQ_DASHBOARD_REDIS_URL"] = _impatient_url(settings().redis_url)
    app.config["RQ_DASHBOARD_DISABLE_DELETE"] = True
    rq_dashboard.web.setup_rq_connection(app)
    app.before_request(_guard)
    app.after_request(_loosen_policy)
    app.register_blueprint(rq_dashboard.blueprint, url_prefix="/rq")
    app.view_functions[_REQUEUE] = requeue
    app.view_functions[_REQUEUE_ALL] = requeue_all
    app.register_error_handler(NoSuchJobError, _no_such_job)
    app.register_error_handler(RedisError, _redis_away)
    app.jinja_env.globals["rq_depths"] = _depths


def requeue(job_id: str) -> Response:
    """Replay the job that a name in RQ stands for."""
    named = parse(job_id)
    if named is None:
        raise not_found("job")
    run_again(named[0])
    return jsonify(status="OK")


def requeue_all(queue_name: str) -> Response:
    """Replay every job that RQ's failed registry of a queue shows."""
    registry = FailedJobRegistry(queue_name, connection=impatient())
    names = registry.get_job_ids(0, _MOST_AT_ONCE - 1, cleanup=False)
    replayed = [named for name in names if (named := parse(name)) and _replayed(named)]
    return jsonify(status="OK", count=len(replayed))


def _replayed(named: tuple[object, int]) -> bool:
    try:
        run_again(named[0])  # type: ignore[arg-type]
    except Problem:
        return False  # replayed or gone since it was shown
    return True


def _guard() -> AnyResponse | None:
    """Let operators read and replay; everything else it offers is shut."""
    if not request.path.startswith("/rq/") or request.endpoint is None:
        return None
    if request.endpoint == "rq_dashboard.static":
        return None
    refused = operators_only()
    if refused is not None:
        return refused
    reads = request.endpoint in _READS and request.method in {"GET", "HEAD"}
    replays = request.endpoint in {_REQUEUE, _REQUEUE_ALL} and request.method == "POST"
    if not (reads or replays):
        abort(HTTPStatus.FORBIDDEN, "This is off: PostgreSQL decides what is queued.")
    if (request.view_args or {}).get("instance_number", 0) != 0:
        raise not_found("instance")
    return None


def _loosen_policy(page: Response) -> Response:
    """Allow what its templates need; what they print is escaped (static/rq.js)."""
    if request.path.startswith("/rq/") and "rq_nonce" in g:
        scripts = f"script-src 'self' 'nonce-{g.rq_nonce}' 'unsafe-eval'"
        policy = CONTENT_POLICY.replace("script-src 'self'", scripts)
        policy = policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
        page.headers["Content-Security-Policy"] = policy
    return page


def _depths() -> dict[str, object]:
    """Give the page what its banner, scripts and forms need."""
    g.rq_nonce = secrets.token_urlsafe(16)
    with seen() as db:
        return {"queues": overview.depths(db), "nonce": g.rq_nonce}


def _impatient_url(url: str) -> str:
    """Make its client give up after a second, like ours."""
    split = urlsplit(url)
    waits = {"socket_timeout": "1", "socket_connect_timeout": "1"}
    query = urlencode({**dict(parse_qsl(split.query)), **waits})
    return split._replace(query=query).geturl()


def _no_such_job(_: NoSuchJobError) -> Response:
    detail = "RQ does not know this job, or no longer."
    return answer(Problem(HTTPStatus.NOT_FOUND, detail))


def _redis_away(_: RedisError) -> Response:
    detail, soon = "Redis can't be reached just now.", {"Retry-After": "2"}
    return answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=soon))
