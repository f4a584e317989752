"""A worker that was given up for dead may finish its work, but publishes nothing."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from models import leases, steps, transitions
from models.jobs import Held
from models.leases import Doing
from models.states import Reason, State
from models.steps import Call
from tests.factories import (
    DETAIL,
    HOUR,
    NOBODY,
    claimed,
    events,
    fail,
    in_state,
    row,
    running,
    state,
    steps_of,
)
from tests.models.contention import waiting_behind

CALL = Call("fetch", 1)
SOON = timedelta(seconds=1)

Publish = Callable[[Connection, Held], object]


def commit(db: Connection, held: Held) -> object:
    return steps.commit(db, held, CALL, {"pages": 3}, elapsed=SOON)


def failed_try(db: Connection, held: Held) -> object:
    return steps.failed_try(
        db, held, CALL, "It broke.", elapsed=SOON, failures=1, state="retrying"
    )


PUBLISHING: dict[str, Publish] = {
    "complete": lambda db, held: transitions.complete(db, held, {"by": "the dead"}),
    "fail": fail,
    "suspend": lambda db, held: transitions.suspend(db, held, Reason.SLEEP, delay=SOON),
    "back off": lambda db, held: transitions.back_off(
        db, held, "It broke.", DETAIL, delay=SOON
    ),
    "hand over": transitions.hand_over,
    "stop": transitions.stop,
    "count a death": transitions.count_own_death,
    "commit a step": commit,
    "count a try": failed_try,
    "mark an effect": lambda db, held: steps.mark(db, held, CALL, "started"),
    "end a sleep": lambda db, held: steps.end_sleep(db, held, CALL),
    "tell": lambda db, held: steps.tell(db, held, "log", "hello", {}),
    "prove": steps.holds,
}


def taken_over(db: Connection) -> tuple[Held, Held]:
    """The fence of an attempt that lost its job, and of the one that has it."""
    slow = running(db).held
    transitions.hand_over(db, slow)
    return slow, claimed(db, slow.job_id).held


@pytest.mark.parametrize("publish", PUBLISHING.values(), ids=PUBLISHING)
def test_whoever_lost_the_job_publishes_nothing(owner, db, publish):
    slow, fast = taken_over(db)
    before = row(owner, slow.job_id), events(owner, slow.job_id)

    assert publish(db, slow) is None

    assert (row(owner, slow.job_id), events(owner, slow.job_id)) == before
    assert steps_of(owner, slow.job_id) == {}
    assert steps.holds(db, fast)


@pytest.mark.parametrize("publish", PUBLISHING.values(), ids=PUBLISHING)
def test_the_same_attempt_under_another_claim_publishes_nothing(owner, db, publish):
    held = running(db).held
    transitions.cancel(db, held.job_id)

    assert publish(db, held._replace(claim_id=uuid4())) is None
    assert state(owner, held.job_id) is State.RUNNING


@pytest.mark.parametrize("publish", PUBLISHING.values(), ids=PUBLISHING)
def test_a_later_attempt_under_the_same_claim_is_not_spoken_for(db, publish):
    held = running(db).held
    transitions.cancel(db, held.job_id)

    assert publish(db, held._replace(attempt=held.attempt + 1)) is None


def test_a_report_of_whoever_lost_the_job_changes_nothing(owner, db):
    slow, fast = taken_over(db)
    leases.report(db, [Doing(fast, "render", 10, None)])

    assert leases.report(db, [Doing(slow, "fetch", 90, "nearly")]) == {}
    assert row(owner, slow.job_id).progress == 10
    assert row(owner, slow.job_id).current_step == "render"


@pytest.mark.parametrize(
    "publish", [commit, failed_try], ids=lambda each: each.__name__
)
def test_a_step_waits_for_an_uncommitted_takeover_and_is_then_refused(
    owner, engine, db, publish
):
    held = running(db).held
    with engine.connect() as takeover:
        assert transitions.hand_over(takeover, held)
        with waiting_behind(engine, owner, lambda db: publish(db, held)) as answer:
            takeover.commit()

    assert answer.result() is None
    assert steps_of(owner, held.job_id) == {}


def test_a_step_waits_for_a_takeover_that_is_rolled_back_and_then_lands(
    owner, engine, db
):
    held = running(db).held
    with engine.connect() as takeover:
        assert transitions.hand_over(takeover, held)
        with waiting_behind(engine, owner, lambda db: commit(db, held)) as answer:
            takeover.rollback()

    assert answer.result() is not None
    assert steps_of(owner, held.job_id)["fetch"].state == "completed"


def test_a_takeover_waits_for_an_uncommitted_step_and_keeps_it(owner, engine, db):
    held = running(db).held
    with engine.connect() as step:
        assert commit(step, held)
        with waiting_behind(
            engine, owner, lambda db: transitions.hand_over(db, held)
        ) as answer:
            step.commit()

    assert answer.result() == held.job_id
    assert claimed(db, held.job_id).memo["fetch"].result == {"pages": 3}


def test_an_attempt_hears_of_a_cancel_with_its_next_step(db):
    held = running(db).held
    assert steps.holds(db, held).cancelling is False

    transitions.cancel(db, held.job_id)

    assert commit(db, held).cancelling
    assert leases.report(db, [Doing(held, None, None, None)]) == {held.job_id: True}


@pytest.mark.parametrize("leave", ["suspend", "back off", "hand over"])
def test_a_job_asked_to_stop_is_neither_suspended_nor_handed_over(owner, db, leave):
    held = running(db).held
    transitions.cancel(db, held.job_id)

    assert PUBLISHING[leave](db, held) is None
    assert transitions.stop(db, held)
    assert state(owner, held.job_id) is State.CANCELLED


def test_a_suspension_that_waited_for_a_cancel_is_refused(owner, engine, db):
    held = running(db).held
    with engine.connect() as canceller:
        assert transitions.cancel(canceller, held.job_id)
        with waiting_behind(
            engine,
            owner,
            lambda db: transitions.suspend(db, held, Reason.SLEEP, delay=HOUR),
        ) as answer:
            canceller.commit()

    assert answer.result() is None
    assert row(owner, held.job_id).cancel_requested_at is not None


def test_a_cancel_that_waited_for_a_suspension_cancels_the_waiting_job(
    owner, engine, db
):
    held = running(db).held
    with engine.connect() as suspending:
        assert transitions.suspend(suspending, held, Reason.SLEEP, delay=HOUR)
        with waiting_behind(
            engine, owner, lambda db: transitions.cancel(db, held.job_id)
        ) as answer:
            suspending.commit()

    assert answer.result() == held.job_id
    assert state(owner, held.job_id) is State.CANCELLED


def test_a_cancel_that_came_first_does_not_undo_a_finished_job(owner, db):
    held = running(db, NOBODY).held
    transitions.cancel(db, held.job_id)

    assert transitions.complete(db, held, None)
    assert state(owner, held.job_id) is State.COMPLETED
    assert row(owner, held.job_id).cancel_requested_at is None


def test_an_ended_job_is_not_cancelled(db):
    assert transitions.cancel(db, in_state(db, State.COMPLETED).job_id) is None
