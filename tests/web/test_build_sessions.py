"""Handing pages in: one session and one audit a page, however often it is sent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from models import build_sessions, transitions
from models.database import as_user, web_engine
from models.jobs import Claimed
from models.states import Reason
from tests.web.conftest import Caller
from tests.web.factories import worker

PAGE = {"name": "Our page", "url": "https://example.org/"}
DETAIL = {"type": "NonRetriableError", "step": "fetch", "retryable": False}
FINDING = {
    "rule": "image-alt",
    "category": "accessibility",
    "severity": "critical",
    "wcag": "1.1.1",
    "message": "The image has no alternative text.",
    "fix": "Say what the image shows.",
    "source": "",
    "selector": "html > body > img",
    "snippet": "<img>",
    "line": 1,
    "column": 58,
    "occurrences": 1,
}


def hand_in(caller: Caller, **change: Any) -> Any:
    answer = caller.post("/api/build-sessions", json=PAGE | change)
    assert answer.status_code == 202, answer.text
    return answer.json


def begin(db: Connection, told: Any) -> Claimed:
    job = transitions.claim(db, UUID(told["jobId"]), worker_id=worker(db))
    assert job is not None
    return job


def test_a_page_is_answered_with_its_session_and_the_audits_job(
    caller: Caller, emptied: Engine
) -> None:
    told = hand_in(caller)

    session = told["buildSession"]
    assert (session["auditStatus"], session["auditScore"]) == ("pending", None)
    assert (session["name"], session["url"]) == ("Our page", "https://example.org/")
    assert told["resource"] == {
        "type": "build-session",
        "id": session["id"],
        "url": f"/api/build-sessions/{session['id']}",
    }
    with emptied.connect() as db:
        payload, kind, queue = db.execute(
            text("SELECT payload, kind, queue FROM job_data JOIN jobs ON id = job_id")
        ).one()
    assert payload == {"session_id": session["id"]}
    assert (kind, queue) == ("audit", "audit-isolated")


def test_the_same_page_under_audit_is_the_same_session(
    caller: Caller, emptied: Engine
) -> None:
    first = hand_in(caller)

    again = caller.post("/api/build-sessions", json=PAGE | {"name": "Another name"})

    assert again.status_code == 200
    assert again.json == first
    with emptied.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM build_sessions")) == 1


def test_the_same_page_from_many_at_once_is_one_session(
    caller: Caller, emptied: Engine
) -> None:
    def post(_: int) -> int:
        return caller.post("/api/build-sessions", json=PAGE).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(post, range(16)))

    assert statuses == [200] * 15 + [202]
    with emptied.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM build_sessions")) == 1
        assert db.scalar(text("SELECT count(*) FROM jobs")) == 1


def test_two_users_audit_the_same_page_apart(
    a_caller: Callable[[str], Caller],
) -> None:
    one, other = (hand_in(a_caller("user")) for _ in range(2))

    assert one["jobId"] != other["jobId"]


def test_a_page_given_as_html_needs_no_address(caller: Caller) -> None:
    page = {"name": "Draft", "html": "<!doctype html><title>x</title>"}

    answer = caller.post("/api/build-sessions", json=page)

    assert (answer.status_code, answer.json["buildSession"]["url"]) == (202, None)


def test_the_scheme_of_an_address_may_be_in_capitals(caller: Caller) -> None:
    page = {"name": "x", "url": "HTTPS://A.Example/P"}

    answer = caller.post("/api/build-sessions", json=page)

    assert answer.status_code == 202, answer.text
    assert answer.json["buildSession"]["url"] == "https://a.example/P"


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ({"name": "x"}, ""),
        ({"name": "x", "url": "https://a.example", "html": "<p>"}, ""),
        ({"url": "https://a.example"}, "name"),
        ({"name": "", "url": "https://a.example"}, "name"),
        ({"name": "x", "url": "ftp://a.example"}, "url"),
        ({"name": "x", "url": "javascript:alert(1)"}, "url"),
        ({"name": "x", "url": "https://user:pw@a.example"}, "url"),
        ({"name": "x", "url": "no address"}, "url"),
        ({"name": "x", "url": None}, "url"),
        ({"name": "x", "html": ""}, "html"),
        ({"name": "x", "url": "a.example", "depth": 2}, "depth"),
    ],
)
def test_a_page_that_does_not_fit_is_refused_by_field(
    caller: Caller, page: dict[str, object], field: str
) -> None:
    answer = caller.post("/api/build-sessions", json=page)

    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json["errors"]}


def test_html_over_the_limit_is_too_large(caller: Caller) -> None:
    page = {"name": "x", "html": "x" * 5_000_001}

    assert caller.post("/api/build-sessions", json=page).status_code == 413


def test_a_running_audit_is_running(caller: Caller, db: Connection) -> None:
    told = hand_in(caller)
    begin(db, told)

    shown = caller.get(told["resource"]["url"]).json

    assert (shown["auditStatus"], shown["findings"]) == ("running", None)


def test_a_completed_audit_has_score_and_findings(
    caller: Caller, db: Connection
) -> None:
    told = hand_in(caller)
    job = begin(db, told)
    with as_user(web_engine(), caller.user_id) as mine:
        build_sessions.record_audit(
            mine,
            caller.user_id,
            session_id=UUID(told["buildSession"]["id"]),
            job_id=job.held.job_id,
            score=87,
            scores={"seo": 90},
            findings=[FINDING],
            facts={"bytes": 10},
        )
    transitions.complete(db, job.held, {"score": 87})

    shown = caller.get(told["resource"]["url"]).json

    assert (shown["auditStatus"], shown["auditScore"]) == ("completed", 87)
    assert shown["findings"] == [FINDING]
    assert shown["scores"] == {"seo": 90}


def test_a_failed_audit_says_why_and_may_run_again(
    caller: Caller, db: Connection
) -> None:
    told = hand_in(caller)
    held = begin(db, told).held
    transitions.fail(db, held, Reason.ERROR, "It is a PDF.", DETAIL, counted=1)
    url = told["resource"]["url"]
    shown = caller.get(url).json

    again = caller.post(f"{url}/audit")

    assert (shown["auditStatus"], shown["auditError"]) == ("failed", "It is a PDF.")
    assert again.status_code == 202
    assert again.json["jobId"] != told["jobId"]
    assert again.json["buildSession"]["id"] == told["buildSession"]["id"]
    assert again.json["buildSession"]["auditStatus"] == "pending"
    assert caller.post(f"{url}/audit").json["jobId"] == again.json["jobId"]


def test_a_repeat_by_key_gives_the_session_of_its_job(
    caller: Caller, db: Connection
) -> None:
    key = {"Idempotency-Key": "k"}
    first = caller.post("/api/build-sessions", json=PAGE, headers=key).json
    transitions.complete(db, begin(db, first).held, None)
    caller.post(f"{first['resource']['url']}/audit")

    again = caller.post("/api/build-sessions", json=PAGE, headers=key)

    assert (again.status_code, again.json["jobId"]) == (200, first["jobId"])
    assert again.json["buildSession"]["id"] == first["buildSession"]["id"]


def test_sessions_are_listed_newest_first_and_only_to_their_user(
    caller: Caller, a_caller: Callable[[str], Caller]
) -> None:
    urls = [f"https://example.org/{number}" for number in range(3)]
    for url in urls:
        hand_in(caller, url=url)

    first = caller.get("/api/build-sessions?limit=2").json
    rest = caller.get(f"/api/build-sessions?cursor={first['nextCursor']}").json

    listed = [item["url"] for item in first["items"] + rest["items"]]
    assert listed == urls[::-1]
    assert a_caller("user").get("/api/build-sessions").json["items"] == []


def test_a_foreign_session_is_not_found(
    caller: Caller, a_caller: Callable[[str], Caller]
) -> None:
    url = hand_in(caller)["resource"]["url"]
    other = a_caller("user")

    assert other.get(url).status_code == 404
    assert other.post(f"{url}/audit").status_code == 404


def test_an_audit_starts_only_with_its_page(operator: Caller) -> None:
    answer = operator.post("/api/jobs", json={"kind": "audit"})

    assert answer.status_code == 403
    assert "/api/build-sessions" in answer.json["detail"]
