"""Starting, looking at, listing, cancelling and retrying jobs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from models import job_views, steps, transitions
from models.states import Reason
from models.steps import Call
from tests.web.conftest import Caller
from tests.web.factories import claimed, completed, did_step, failed

PROBE = {"kind": "probe", "payload": {"steps": 2, "seconds": 0}}


def test_a_job_is_answered_with_its_envelope(operator: Caller) -> None:
    answer = operator.post("/api/jobs", json=PROBE)

    told = answer.json
    job_id, events = told["jobId"], told.pop("eventsUrl")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{job_id}"
    assert events.startswith(f"/api/jobs/{job_id}/events?token=")
    assert told == {
        "jobId": job_id,
        "status": "processing",
        "state": "pending",
        "finished": False,
        "message": "The job is accepted: watch eventsUrl, or poll statusUrl.",
        "statusUrl": f"/api/jobs/{job_id}",
        "eventId": None,
        "polling": {"intervalMs": 2000, "maxAttempts": 900},
        "resource": {"type": "job", "id": job_id, "url": f"/api/jobs/{job_id}"},
    }


def test_a_new_job_is_in_redis_before_the_answer(
    operator: Caller, redis: Redis
) -> None:
    job_id = operator.submit()

    assert redis.lrange("rq:queue:probe", 0, -1) == [f"{job_id}-1".encode()]


def test_a_job_is_shown_with_steps_progress_and_result(
    operator: Caller, db: Connection
) -> None:
    job_id = operator.submit()
    did_step(db, claimed(db, job_id), "step 1")

    shown = operator.get(f"/api/jobs/{job_id}").json

    [step] = shown.pop("steps")
    assert shown["state"] == "running"
    assert shown["attempt"] == 1
    assert (step["name"], step["state"], step["tries"]) == ("step 1", "completed", 1)
    assert step["durationMs"] == 20
    assert set(shown) == {
        *("jobId", "kind", "state", "finished", "reason", "progress", "note", "eta"),
        *("result", "error", "errorDetail", "attempt", "failures", "cost"),
        *("parentId", "children", "createdAt", "startedAt", "completedAt"),
    }


def test_the_step_under_way_is_shown_as_running(
    operator: Caller, db: Connection, emptied: Engine
) -> None:
    job_id = operator.submit()
    claimed(db, job_id)
    with emptied.connect() as owner:
        owner.execute(text("UPDATE jobs SET current_step = 'step 1'"))

    [step] = operator.get(f"/api/jobs/{job_id}").json["steps"]

    assert (step["name"], step["state"], step["tries"]) == ("step 1", "running", 1)


def test_a_running_job_says_when_it_is_usually_done(
    operator: Caller, db: Connection, emptied: Engine
) -> None:
    done, job_id = operator.submit(), operator.submit()
    completed(db, done)
    with emptied.connect() as owner:
        owner.execute(
            text(
                "UPDATE jobs SET started_at = finished_at - interval '1 h' "
                "WHERE state = 'completed'"
            )
        )
    claimed(db, job_id)

    eta = datetime.fromisoformat(operator.get(f"/api/jobs/{job_id}").json["eta"])

    left = eta - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_the_same_key_and_body_give_the_first_job_again(operator: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    first = operator.post("/api/jobs", json=PROBE, headers=key)

    again = operator.post("/api/jobs", json=PROBE, headers=key)

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json == first.json


def test_a_body_in_another_order_is_the_same_body(operator: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    one = '{"kind": "probe", "payload": {"steps": 1, "seconds": 0}}'
    other = '{"payload":{"seconds":0,"steps":1},"kind":"probe"}'
    first = operator.post("/api/jobs", data=one, headers=key)

    again = operator.post("/api/jobs", data=other, headers=key)

    assert again.json["jobId"] == first.json["jobId"]


def test_a_key_used_with_another_body_is_a_conflict(operator: Caller) -> None:
    key = {"Idempotency-Key": "k1"}
    operator.post("/api/jobs", json=PROBE, headers=key)

    other = operator.post("/api/jobs", json={"kind": "probe"}, headers=key)

    assert other.status_code == 409


def test_two_users_may_use_the_same_key(a_caller: Callable[[str], Caller]) -> None:
    ada, bob = a_caller("operator"), a_caller("operator")
    key = {"Idempotency-Key": "k1"}

    answers = [one.post("/api/jobs", json=PROBE, headers=key) for one in (ada, bob)]

    assert [answer.status_code for answer in answers] == [202, 202]


def test_a_key_is_forgotten_after_a_day(operator: Caller, emptied: Engine) -> None:
    key = {"Idempotency-Key": "k1"}
    operator.post("/api/jobs", json=PROBE, headers=key)
    with emptied.connect() as owner:
        owner.execute(
            text("UPDATE idempotency_keys SET created_at = now() - interval '25 h'")
        )

    assert operator.post("/api/jobs", json=PROBE, headers=key).status_code == 202


def test_the_same_key_from_many_at_once_makes_one_job(
    operator: Caller, emptied: Engine
) -> None:
    def post(_: int) -> str:
        key = {"Idempotency-Key": "k1"}
        return str(operator.post("/api/jobs", json=PROBE, headers=key).json["jobId"])

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(post, range(24)))

    with emptied.connect() as owner:
        count = owner.scalar(text("SELECT count(*) FROM jobs"))
    assert (len(ids), count) == (1, 1)


def test_an_unknown_kind_is_not_found(operator: Caller) -> None:
    answer = operator.post("/api/jobs", json={"kind": "no-such"})

    assert answer.status_code == 404


def test_an_operators_kind_is_refused_to_users(caller: Caller) -> None:
    assert caller.post("/api/jobs", json=PROBE).status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": None}, "kind"),
        ({"nonsense": 1}, "nonsense"),
        ({"payload": {"steps": "2"}}, "payload.steps"),
        ({"payload": {"nonsense": 1}}, "payload.nonsense"),
        ({"payload": []}, "payload"),
        ({"priority": "urgent"}, "priority"),
        ({"runAt": "tomorrow"}, "runAt"),
        ({"runAt": "2026-11-21T08:00:00"}, "runAt"),
        ({"runAt": 1795000000}, "runAt"),
        ({"ttl": 0}, "ttl"),
        ({"ttl": "60"}, "ttl"),
        ({"tags": ["x"] * 21}, "tags"),
        ({"tags": ["x" * 65]}, "tags.0"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    operator: Caller, change: dict[str, object], field: str
) -> None:
    answer = operator.post("/api/jobs", json=PROBE | change)

    [error] = answer.json["errors"]
    assert answer.status_code == 422
    assert error["field"] == field
    assert error["message"]
    assert error["fix"]


def test_a_payload_over_256_kib_is_too_large(operator: Caller) -> None:
    payload = {"steps": 1, "failAt": "x" * (256 * 1024)}

    answer = operator.post("/api/jobs", json={"kind": "probe", "payload": payload})

    assert answer.status_code == 413


def test_priority_time_and_tags_are_kept(operator: Caller) -> None:
    at = datetime.now(UTC) + timedelta(days=1)
    operator.submit(priority="high", runAt=at.isoformat(), ttl=90_000, tags=["a", "b"])

    [line] = operator.get("/api/jobs").json["items"]

    assert (line["priority"], line["tags"]) == ("high", ["a", "b"])
    assert line["state"] == "pending"


def test_a_foreign_job_is_not_found_whatever_is_asked_of_it(
    caller: Caller, operator: Caller
) -> None:
    job = f"/api/jobs/{operator.submit()}"

    answers = [
        caller.get(job),
        caller.get(f"{job}/events", headers={"Accept": "application/json"}),
        caller.post(f"{job}/cancel"),
        caller.post(f"{job}/retry"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert caller.get("/api/jobs").json["items"] == []
    assert operator.get(job).json["state"] == "pending"


def test_an_operator_sees_the_jobs_of_all_users(
    a_caller: Callable[[str], Caller], operator: Caller
) -> None:
    other = a_caller("operator")
    job_id = other.submit()

    [line] = operator.get(f"/api/jobs?user={other.user_id}").json["items"]

    assert line["jobId"] == job_id
    assert operator.get(f"/api/jobs?user={operator.user_id}").json["items"] == []


def test_pages_list_every_job_once_newest_first(operator: Caller) -> None:
    made = [operator.submit() for _ in range(5)]

    listed, cursor = [], ""
    while cursor is not None:
        page = operator.get(f"/api/jobs?limit=2{cursor and '&cursor=' + cursor}").json
        listed += [line["jobId"] for line in page["items"]]
        cursor = page["nextCursor"]

    assert listed == made[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=probe", 2),
        ("kind=other", 0),
        ("state=pending", 1),
        ("state=completed", 1),
        ("tag=red", 1),
        ("since=2020-01-01T00:00:00Z", 2),
        ("since=2099-01-01T00:00:00Z", 0),
        ("q=needle", 1),
        ("q=n%25e", 0),
        ("q=needle&state=completed", 0),
    ],
)
def test_a_list_is_filtered(
    operator: Caller, db: Connection, query: str, found: int
) -> None:
    operator.submit({"steps": 1, "failAt": "a needle"}, tags=["red"])
    completed(db, operator.submit(), {"steps": 1})

    assert len(operator.get(f"/api/jobs?{query}").json["items"]) == found


def test_a_search_goes_on_where_it_stopped(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_views, "SEARCHED_AT_ONCE", 2)
    old = operator.submit({"failAt": "a needle"})
    for _ in range(3):
        operator.submit()

    pages, cursor = [], ""
    while cursor is not None:
        more = cursor and f"&cursor={cursor}"
        pages.append(operator.get(f"/api/jobs?q=needle{more}").json)
        cursor = pages[-1]["nextCursor"]

    assert [len(page["items"]) for page in pages[:2]] == [0, 1]
    assert pages[1]["items"][0]["jobId"] == old


@pytest.mark.parametrize(
    "query", ["cursor=x", "limit=0", "limit=201", "limit=x", "state=x", "stat=failed"]
)
def test_a_query_that_does_not_fit_is_refused(caller: Caller, query: str) -> None:
    assert caller.get(f"/api/jobs?{query}").status_code == 422


def test_a_pending_job_is_cancelled_at_once(operator: Caller) -> None:
    job_id = operator.submit()

    answer = operator.post(f"/api/jobs/{job_id}/cancel")

    assert (answer.status_code, answer.json["state"]) == (202, "cancelled")
    assert operator.post(f"/api/jobs/{job_id}/cancel").status_code == 409


def test_a_running_job_is_asked_to_stop(operator: Caller, db: Connection) -> None:
    job_id = operator.submit()
    claimed(db, job_id)

    answer = operator.post(f"/api/jobs/{job_id}/cancel")

    assert (answer.status_code, answer.json["state"]) == (202, "running")


def test_a_failed_job_runs_again_under_its_id(operator: Caller, db: Connection) -> None:
    job_id = operator.submit()
    failed(db, operator, job_id)

    answer = operator.post(f"/api/jobs/{job_id}/retry")

    assert (answer.status_code, answer.json["jobId"]) == (202, job_id)
    assert answer.json["state"] == "pending"
    assert operator.post(f"/api/jobs/{job_id}/retry").status_code == 409


def test_a_job_held_in_doubt_is_released_by_an_operator_and_nobody_else(
    operator: Caller, a_caller: Callable[[str], Caller], db: Connection
) -> None:
    job_id = operator.submit()
    held = claimed(db, job_id).held
    steps.mark(db, held, Call("step 1", 1, "music.compose"), "held")
    transitions.suspend(db, held, Reason.HOLD)

    assert a_caller("user").post(f"/api/jobs/{job_id}/retry").status_code == 404
    assert operator.post(f"/api/jobs/{job_id}/retry").status_code == 202

    assert operator.get(f"/api/jobs/{job_id}").json["state"] == "pending"
    assert operator.post(f"/api/jobs/{job_id}/retry").status_code == 409


def test_a_failed_job_says_what_went_wrong(operator: Caller, db: Connection) -> None:
    job_id = operator.submit()
    failed(db, operator, job_id, "boom")

    shown = operator.get(f"/api/jobs/{job_id}").json

    assert (shown["finished"], shown["error"]) == (True, "boom")
    assert shown["errorDetail"] == {
        "type": "ValueError",
        "step": "step 1",
        "retryable": False,
    }


@pytest.mark.parametrize("job_id", [str(uuid4()), "x", str(UUID(int=0))])
def test_an_unknown_job_is_not_found(caller: Caller, job_id: str) -> None:
    answer = caller.get(f"/api/jobs/{job_id}")

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
