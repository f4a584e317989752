"""The database itself refuses rows that mean nothing."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models import json, steps
from models.states import State
from models.steps import Call
from tests.factories import a_worker, alter, in_state, running

NONSENSE = [
    (State.PENDING, "state = 'asleep'", "state_known"),
    (State.PENDING, "worker_id = gen_random_uuid()", "running_has_worker"),
    (State.RUNNING, "worker_id = NULL", "running_has_worker"),
    (State.PENDING, "claim_id = gen_random_uuid()", "running_has_claim"),
    (State.RUNNING, "claim_id = NULL", "running_has_claim"),
    (State.RUNNING, "finished_at = now()", "final_has_end"),
    (State.COMPLETED, "finished_at = NULL", "final_has_end"),
    (State.COMPLETED, "state = 'pending'", "final_has_end"),
    (State.WAITING, "reason = NULL", "standing_has_reason"),
    (State.FAILED, "reason = NULL", "standing_has_reason"),
    (State.PENDING, "reason = 'backoff'", "standing_has_reason"),
    (State.PENDING, "cancel_requested_at = now()", "cancel_asks_running"),
    (State.PENDING, "due_at = NULL", "due_unless_waits"),
    (State.RUNNING, "progress = 101", "progress_percent"),
]


@pytest.mark.parametrize(("source", "sets", "rule"), NONSENSE)
def test_a_job_that_contradicts_itself_is_refused(owner, db, source, sets, rule):
    held = in_state(db, source)

    with pytest.raises(IntegrityError, match=f"ck_jobs_{rule}"):
        alter(owner, "jobs", sets, id=held.job_id)


def test_a_job_that_waits_for_no_time_has_no_due_time(owner, db):
    held = in_state(db, State.WAITING)

    alter(owner, "jobs", "due_at = NULL", id=held.job_id)


STEPS = [
    ("state = 'asleep'", "state_known"),
    ("ended_at = now()", "ended_has_time"),
    ("state = 'completed'", "ended_has_time"),
    ("state = 'sleeping'", "sleep_has_end"),
]


@pytest.mark.parametrize(("sets", "rule"), STEPS)
def test_a_step_that_contradicts_itself_is_refused(owner, db, sets, rule):
    steps.mark(db, running(db).held, Call("mail", 1, "mail.send"), "started")

    with pytest.raises(IntegrityError, match=f"ck_job_steps_{rule}"):
        alter(owner, "job_steps", sets)


def test_a_worker_has_a_known_role_and_an_event_a_known_type(owner, db):
    running(db)
    with pytest.raises(IntegrityError, match="ck_workers_role_known"):
        a_worker(db, role="cook")
    with pytest.raises(IntegrityError, match="ck_job_events_type_known"):
        alter(owner, "job_events", "type = 'rumour'")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), "a\0b", "\\\0", "\ud800", {1, 2}, b"raw"]
)
def test_what_json_cannot_hold_is_refused_before_it_reaches_the_database(value):
    with pytest.raises((TypeError, ValueError)):
        json.dump({"value": value})


@pytest.mark.parametrize("said", ["\\u0000", "C:\\u0000", "\\\\u0000"])
def test_a_text_that_only_spells_a_nul_is_stored_as_it_is(db, said):
    written = json.dump(said)

    stored = db.scalar(text("SELECT CAST(:value AS jsonb)"), {"value": written})

    assert stored == said
