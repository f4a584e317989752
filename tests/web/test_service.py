"""What holds for every answer, and what happens while a server is away."""

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, Engine

from local.servers import Servers
from tests.conftest import forget_caches
from tests.waiting import until
from tests.web.conftest import ORIGIN, Caller
from tests.web.factories import failed, worker
from web import create_app

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/no-such", 404),
        ("DELETE", "/api/jobs", 405),
        ("PUT", f"/api/jobs/{UUID(int=1)}", 405),
        ("GET", "/api/jobs", 401),
        ("POST", "/api/jobs", 401),
        ("GET", "/no-such", 404),
    ],
)
def test_every_error_is_a_problem_with_the_requests_id(
    app: Flask, method: str, path: str, status: int
) -> None:
    answer = app.test_client().open(
        path, method=method, headers={"X-Request-Id": "r-1"}
    )

    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    assert set(answer.json) == {
        *("type", "title", "status", "detail", "requestId", "errors"),
    }
    assert answer.json["requestId"] == answer.headers["X-Request-Id"] == "r-1"


def test_a_request_id_that_could_forge_a_log_line_is_replaced(app: Flask) -> None:
    answer = app.test_client().get("/healthz", headers={"X-Request-Id": "a b"})

    assert UUID(answer.headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/healthz", "/api/jobs", "/login", "/static/rq.js"])
def test_every_answer_carries_the_security_headers(app: Flask, path: str) -> None:
    with app.test_client().get(path) as answer:
        headers = answer.headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_head_is_answered_like_a_get_without_a_body(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.key}"}

    answer = caller.client.head("/api/jobs", headers=headers)

    assert (answer.status_code, answer.data) == (200, b"")


def test_a_preflight_needs_no_key(app: Flask) -> None:
    answer = app.test_client().options("/api/jobs", headers={"Origin": ORIGIN})

    assert answer.status_code == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = answer.headers["Access-Control-Allow-Headers"]
    assert allowed == "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"


def test_only_the_named_origins_may_read_from_a_browser(caller: Caller) -> None:
    ours = caller.get("/api/jobs", headers={"Origin": ORIGIN}).headers
    others = caller.get("/api/jobs", headers={"Origin": "https://evil.example"}).headers

    assert ours["Access-Control-Allow-Origin"] == ORIGIN
    assert "X-Request-Id" in ours["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in others
    assert "Origin" in others["Vary"]


def test_an_answer_that_went_well_asks_nobody_to_come_back(caller: Caller) -> None:
    assert "Retry-After" not in caller.get("/api/jobs").headers


def test_ready_means_a_worker_for_every_queue(
    app: Flask, emptied: Engine, db: Connection
) -> None:
    client = app.test_client()
    before = client.get("/readyz")
    worker(db, *before.json["queues"])

    after = client.get("/readyz")

    assert (before.status_code, before.json["status"]) == (503, "not ready")
    assert (after.status_code, after.json["status"]) == (200, "ready")
    assert all(after.json["queues"].values())
    assert "probe-isolated" in after.json["queues"]


def test_metrics_count_rows(operator: Caller, db: Connection) -> None:
    operator.submit()
    failed(db, operator, operator.submit())

    families = text_string_to_metric_families(operator.get("/metrics").text)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }

    assert samples["nightwork_jobs", "probe", "probe", "pending"] == 1
    assert samples["nightwork_jobs", "probe", "probe", "failed"] == 1
    assert samples["nightwork_failed_jobs_open", "probe"] == 1
    assert samples["nightwork_queue_due_jobs", "probe"] == 1
    assert samples["nightwork_workers", "threads"] == 1
    assert samples["nightwork_queue_slots", "probe"] == 5


@pytest.fixture
def limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with a limit that a test can reach."""
    monkeypatch.setenv("RATE_LIMIT", "5 per minute")
    forget_caches()
    yield create_app()
    monkeypatch.undo()
    forget_caches()


def calls(client: FlaskClient, key: str, count: int) -> list[int]:
    headers = {"Authorization": f"Bearer {key}"}
    return [client.get("/api/jobs", headers=headers).status_code for _ in range(count)]


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    limited: Flask, a_caller: Callable[[str], Caller]
) -> None:
    ada, bob = a_caller("user"), a_caller("user")
    client = limited.test_client()

    assert calls(client, ada.key, 6) == [200] * 5 + [429]
    assert calls(client, bob.key, 1) == [200]

    refused = client.get("/api/jobs", headers={"Authorization": f"Bearer {ada.key}"})
    assert refused.mimetype == PROBLEM
    assert 0 < int(refused.headers["Retry-After"]) <= 61


def test_limits_hold_and_answers_are_quick_while_redis_is_away(
    limited: Flask, caller: Caller, servers: Servers
) -> None:
    client = limited.test_client()
    servers.kill_valkey()
    try:
        began = time.monotonic()
        statuses = calls(client, caller.key, 7)
        took = time.monotonic() - began
    finally:
        servers.restart_valkey()

    assert statuses == [200] * 5 + [429] * 2
    assert took < 3


def test_a_job_is_accepted_while_redis_is_away(
    operator: Caller, servers: Servers
) -> None:
    servers.kill_valkey()
    try:
        answer = operator.post("/api/jobs", json={"kind": "probe"})
        ready = operator.get("/readyz")
    finally:
        servers.restart_valkey()

    assert answer.status_code == 202
    assert (ready.status_code, ready.json["redis"]) == (503, False)


def test_while_the_database_is_away_the_answer_says_come_back(
    operator: Caller, servers: Servers, emptied: Engine
) -> None:
    servers.kill_postgres()
    try:
        answer = operator.post("/api/jobs", json={"kind": "probe"})
        alive = operator.get("/healthz", headers={"Authorization": ""})
        ready = operator.client.get("/readyz")
    finally:
        servers.restart_postgres()
        # Its connections died with the server.
        emptied.dispose()

    assert (answer.status_code, answer.mimetype) == (503, PROBLEM)
    assert int(answer.headers["Retry-After"]) > 0
    assert alive.status_code == 200
    assert (ready.status_code, ready.json["database"]) == (503, False)
    until(lambda: operator.client.get("/readyz").json["database"])


def test_web_refuses_to_start_as_a_role_that_sees_everything(
    app: Flask, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.setenv("WEB_DATABASE_URL", environment["DATABASE_URL"])
    forget_caches()
    try:
        with pytest.raises(Exception, match="SUPERUSER or BYPASSRLS"):
            create_app()
    finally:
        monkeypatch.undo()
        forget_caches()
