"""A job's events: as a list, and as a stream that is resumed."""

import json
import time

import pytest
from sqlalchemy import Connection, Engine, text

from models import transitions
from tests.web.conftest import Caller
from tests.web.factories import claimed, completed, did_step, failed

JSON = {"Accept": "application/json"}


def streamed(caller: Caller, path: str, last: int | None = None) -> list[dict]:
    """Read a stream of an ended job to its end."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    answer = caller.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return [_event(block) for block in answer.text.split("\n\n") if "data:" in block]


def _event(block: str) -> dict:
    parts = dict(line.split(": ", 1) for line in block.splitlines())
    seq = int(parts["id"]) if "id" in parts else None
    return {"id": seq, "event": parts["event"], "data": json.loads(parts["data"])}


@pytest.fixture
def ended(operator: Caller, db: Connection) -> str:
    """The events' path of a job that has done a step and completed."""
    job_id = operator.submit()
    job = claimed(db, job_id)
    did_step(db, job, "step 1")
    assert transitions.complete(db, job.held, {"done": True})
    return f"/api/jobs/{job_id}/events"


def test_events_are_listed_in_their_order(operator: Caller, ended: str) -> None:
    listed = operator.get(ended, headers=JSON).json

    assert [(one["seq"], one["type"], one["name"]) for one in listed["items"]] == [
        (1, "state", "submitted"),
        (2, "state", "claimed"),
        (3, "step", "step 1"),
        (4, "state", "completed"),
    ]
    assert listed["nextCursor"] is None


def test_a_list_of_events_is_paged_by_number(operator: Caller, ended: str) -> None:
    first = operator.get(f"{ended}?limit=3", headers=JSON).json
    more = f"{ended}?limit=3&cursor={first['nextCursor']}"

    rest = operator.get(more, headers=JSON).json

    assert [one["seq"] for one in rest["items"]] == [4]
    assert rest["nextCursor"] is None


def test_a_stream_tells_all_and_ends_with_the_job(operator: Caller, ended: str) -> None:
    told = streamed(operator, ended)

    assert [(one["id"], one["event"]) for one in told] == [
        (1, "state"),
        (2, "state"),
        (3, "step"),
        (None, "state"),
        (4, "end"),
    ]
    assert told[-1]["data"]["state"] == "completed"


@pytest.mark.parametrize(("last", "ids"), [(1, [2, 3, None, 4]), (3, [None, 4])])
def test_a_stream_goes_on_after_the_event_seen_last(
    operator: Caller, ended: str, last: int, ids: list[int | None]
) -> None:
    assert [one["id"] for one in streamed(operator, ended, last)] == ids


def test_a_reconnect_after_the_end_gets_nothing_more(
    operator: Caller, ended: str
) -> None:
    answer = operator.get(ended, headers={"Last-Event-ID": "4"})

    assert (answer.status_code, answer.text) == (204, "")


def test_pruned_events_are_replaced_by_a_snapshot(
    operator: Caller, ended: str, emptied: Engine
) -> None:
    with emptied.connect() as owner:
        owner.execute(text("DELETE FROM job_events"))

    told = streamed(operator, ended, 2)

    assert [(one["id"], one["event"]) for one in told] == [(4, "reset"), (4, "end")]
    assert told[0]["data"]["steps"][0]["name"] == "step 1"


def test_a_failed_jobs_end_says_why(operator: Caller, db: Connection) -> None:
    job_id = operator.submit()
    failed(db, operator, job_id, "boom")

    *_, end = streamed(operator, f"/api/jobs/{job_id}/events")

    assert (end["event"], end["data"]["error"]) == ("end", "boom")


def test_a_retried_jobs_first_end_is_no_end(operator: Caller, db: Connection) -> None:
    job_id = operator.submit()
    failed(db, operator, job_id)
    operator.post(f"/api/jobs/{job_id}/retry")
    completed(db, job_id)

    told = streamed(operator, f"/api/jobs/{job_id}/events")

    assert [one["event"] for one in told].count("end") == 1
    assert told[-1]["data"]["state"] == "completed"


def test_a_signed_link_needs_no_key(operator: Caller, ended: str) -> None:
    url = operator.post("/api/jobs", json={"kind": "probe"}).json["eventsUrl"]

    answer = operator.client.get(url, headers=JSON)

    assert answer.status_code == 200
    assert operator.client.get(ended, headers=JSON).status_code == 401


def test_a_signed_link_opens_its_own_job_only(operator: Caller, ended: str) -> None:
    url = operator.post("/api/jobs", json={"kind": "probe"}).json["eventsUrl"]
    token = url.partition("?token=")[2]

    for forged in (token, token[:-1], "x", ""):
        answer = operator.client.get(f"{ended}?token={forged}", headers=JSON)
        assert answer.status_code == 401


def test_a_signed_link_is_good_for_two_hours_at_most(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = operator.post("/api/jobs", json={"kind": "probe"}).json["eventsUrl"]
    later = time.time() + 2 * 3600
    monkeypatch.setattr("web.links.time.time", lambda: later)

    assert operator.client.get(url, headers=JSON).status_code == 401


def test_a_head_holds_no_place(operator: Caller) -> None:
    path = f"/api/jobs/{operator.submit()}/events"
    headers = {"Authorization": f"Bearer {operator.key}"}

    answers = [operator.client.head(path, headers=headers) for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
