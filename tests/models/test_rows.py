"""The database itself refuses rows that mean nothing."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models import json, steps, transitions
from models.states import State
from models.steps import Call
from tests.factories import a_worker, alter, in_state, row, running

NONSENSE = [
    (State.PENDING, "state = 'asleep'"),
    (State.PENDING, "worker_id = gen_random_uuid()"),
    (State.RUNNING, "worker_id = NULL"),
    (State.PENDING, "claim_id = gen_random_uuid()"),
    (State.RUNNING, "claim_id = NULL"),
    (State.RUNNING, "finished_at = now()"),
    (State.COMPLETED, "finished_at = NULL"),
    (State.COMPLETED, "state = 'pending'"),
    (State.WAITING, "reason = NULL"),
    (State.FAILED, "reason = NULL"),
    (State.PENDING, "reason = 'backoff'"),
    (State.PENDING, "cancel_requested_at = now()"),
    (State.PENDING, "due_at = NULL"),
    (State.RUNNING, "progress = 101"),
    (State.RUNNING, "reason = 'sleep'"),
    (State.WAITING, "cancel_requested_at = now()"),
    (State.CANCELLED, "reason = 'error'"),
    (State.CANCELLED, "claim_id = gen_random_uuid()"),
]


@pytest.mark.parametrize(("source", "sets"), NONSENSE)
def test_a_job_that_contradicts_itself_is_refused(owner, db, source, sets):
    held = in_state(db, source)

    with pytest.raises(IntegrityError, match="ck_jobs_consistent"):
        alter(owner, "jobs", sets, id=held.job_id)


def test_a_job_that_waits_for_no_time_has_no_due_time(owner, db):
    held = in_state(db, State.WAITING)

    alter(owner, "jobs", "due_at = NULL", id=held.job_id)

    assert row(owner, held.job_id).due_at is None


def test_a_job_held_without_a_due_time_can_be_cancelled(owner, db):
    held = in_state(db, State.WAITING)
    alter(owner, "jobs", "due_at = NULL", id=held.job_id)

    assert transitions.cancel(db, held.job_id)


STEPS = [
    "state = 'asleep'",
    "ended_at = now()",
    "state = 'completed'",
    "state = 'sleeping'",
]


@pytest.mark.parametrize("sets", STEPS)
def test_a_step_that_contradicts_itself_is_refused(owner, db, sets):
    steps.mark(db, running(db).held, Call("mail", 1, "mail.send"), "started")

    with pytest.raises(IntegrityError, match="ck_job_steps_consistent"):
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
