"""Dead letters: listed, shown, replayed, resolved."""

from uuid import UUID

import pytest
from sqlalchemy import Connection

from tests.web.conftest import Caller
from tests.web.factories import failed


@pytest.fixture
def job_id(operator: Caller) -> str:
    return operator.submit()


@pytest.fixture
def letter(operator: Caller, db: Connection, job_id: str) -> str:
    return f"/api/failed-jobs/{failed(db, operator, job_id, 'boom')}"


def test_a_failed_job_is_listed_and_shown_in_full(
    operator: Caller, letter: str, job_id: str
) -> None:
    [line] = operator.get("/api/failed-jobs").json["items"]
    shown = operator.get(letter).json

    assert line["jobId"] == shown["jobId"] == job_id
    assert shown["errorMessage"] == "boom"
    assert shown["errorStack"].startswith("Traceback")
    assert shown["failedStep"] == "step 1"
    assert shown["eventData"] == {"steps": 1}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("open=true", 1),
        ("open=false", 0),
        ("jobType=probe", 1),
        ("jobType=x", 0),
        ("fingerprint=ffffffffffffffff", 1),
        ("fingerprint=x", 0),
    ],
)
def test_failed_jobs_are_filtered(
    operator: Caller, letter: str, query: str, found: int
) -> None:
    listed = operator.get(f"/api/failed-jobs?{query}").json["items"]

    assert len(listed) == found


def test_a_replay_runs_the_same_job_again(
    operator: Caller, letter: str, job_id: str
) -> None:
    answer = operator.post(f"{letter}/replay")

    assert (answer.status_code, answer.json["jobId"]) == (202, job_id)
    assert answer.json["state"] == "pending"
    assert operator.get(letter).json["replayedAt"]
    assert operator.post(f"{letter}/replay").status_code == 409


def test_a_resolution_keeps_who_and_why(operator: Caller, letter: str) -> None:
    answer = operator.post(f"{letter}/resolve", json={"notes": "Known outage."})

    assert answer.status_code == 200
    assert answer.json["notes"] == "Known outage."
    assert answer.json["resolvedBy"] == str(operator.user_id)
    assert operator.post(f"{letter}/resolve").status_code == 409
    assert operator.get("/api/failed-jobs?open=true").json["items"] == []


def test_an_unknown_failed_job_is_not_found(operator: Caller) -> None:
    unknown = f"/api/failed-jobs/{UUID(int=1)}"

    answers = [
        operator.get(unknown),
        operator.post(f"{unknown}/replay"),
        operator.post(f"{unknown}/resolve"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
