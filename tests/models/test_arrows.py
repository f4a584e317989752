"""Every arrow is tried from every state: it leads where it says, or nowhere."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from models import leases, transitions
from models.jobs import Held
from models.states import Arrow, Reason, State
from tests.factories import (
    HOUR,
    a_job,
    a_worker,
    alter,
    bury,
    events,
    fail,
    in_state,
    row,
    state,
    wish,
)

Move = Callable[[Engine, Connection, Held], object]


def submit_again(_owner: Engine, db: Connection, held: Held) -> object:
    with pytest.raises(IntegrityError):
        transitions.submit(db, wish(id=held.job_id))


def expire(owner: Engine, db: Connection, held: Held) -> object:
    alter(owner, "jobs", "expires_at = now()", id=held.job_id)
    return transitions.expire(db, held.job_id, "Too late.")


def resume(owner: Engine, db: Connection, held: Held) -> object:
    alter(owner, "jobs", "due_at = now()", id=held.job_id)
    return transitions.resume(db, batch=10)


def rescue(owner: Engine, db: Connection, held: Held) -> object:
    bury(owner, row(owner, held.job_id).worker_id)
    return transitions.rescue(db, batch=10)


def stop(_owner: Engine, db: Connection, held: Held) -> object:
    db.execute(transitions.statements.REQUEST_CANCEL, {"id": held.job_id})
    return transitions.stop(db, held)


MOVES: dict[Arrow, Move] = {
    Arrow.SUBMITTED: submit_again,
    Arrow.CLAIMED: lambda _, db, held: transitions.claim(
        db, held.job_id, worker_id=a_worker(db)
    ),
    Arrow.COMPLETED: lambda _, db, held: transitions.complete(db, held, None),
    Arrow.SUSPENDED: lambda _, db, held: transitions.suspend(
        db, held, Reason.SLEEP, delay=HOUR
    ),
    Arrow.RESUMED: resume,
    Arrow.HANDED_OVER: lambda _, db, held: transitions.hand_over(db, held),
    Arrow.RESCUED: rescue,
    Arrow.FAILED: lambda _, db, held: fail(db, held),
    Arrow.EXPIRED: expire,
    Arrow.CANCELLED: lambda _, db, held: transitions.cancel(db, held.job_id),
    Arrow.STOPPED: stop,
    Arrow.RETRIED: lambda _, db, held: transitions.retry(db, held.job_id),
}


def moves_seen(owner: Engine, job_id: UUID) -> list[str]:
    known = {arrow.event for arrow in Arrow}
    return [event.name for event in events(owner, job_id) if event.name in known]


@pytest.mark.parametrize("arrow", Arrow, ids=lambda arrow: arrow.name)
@pytest.mark.parametrize("source", State)
def test_a_move_is_made_only_from_the_states_it_leaves(owner, db, source, arrow):
    held = in_state(db, source)
    before = moves_seen(owner, held.job_id)

    MOVES[arrow](owner, db, held)

    moved = source in arrow.sources
    assert state(owner, held.job_id) is (arrow.target if moved else source)
    told = [arrow.event] if moved else []
    assert moves_seen(owner, held.job_id) == before + told


def test_every_state_can_be_left_or_is_final():
    left = {source for arrow in Arrow for source in arrow.sources}

    assert set(State) - left == {State.COMPLETED, State.CANCELLED}


def test_no_two_arrows_write_the_same_event():
    names = [arrow.event for arrow in Arrow]

    assert len(set(names)) == len(names)


def test_a_job_that_is_not_due_is_not_claimed(db):
    job_id = a_job(db, run_at=leases.clock(db) + timedelta(seconds=30))

    assert transitions.claim(db, job_id, worker_id=a_worker(db)) is None


def test_a_job_past_its_time_to_live_is_not_claimed(owner, db):
    held = in_state(db, State.PENDING, ttl=HOUR)
    alter(owner, "jobs", "expires_at = now()", id=held.job_id)

    assert transitions.claim(db, held.job_id, worker_id=a_worker(db)) is None


def test_a_job_that_has_started_no_longer_expires(owner, db):
    held = in_state(db, State.WAITING, ttl=HOUR)

    assert row(owner, held.job_id).expires_at is None


@pytest.mark.parametrize("ended", ["dead_at", "stopped_at"])
def test_a_worker_that_has_ended_claims_nothing(owner, db, ended):
    held = in_state(db, State.PENDING)
    worker = a_worker(db)
    alter(owner, "workers", f"{ended} = now()", id=worker)

    assert transitions.claim(db, held.job_id, worker_id=worker) is None
    assert state(owner, held.job_id) is State.PENDING


def test_each_claim_is_a_new_attempt_under_a_new_claim(db):
    first = in_state(db, State.RUNNING)
    transitions.hand_over(db, first)

    second = transitions.claim(db, first.job_id, worker_id=a_worker(db))

    assert second is not None
    assert second.held.attempt == first.attempt + 1
    assert second.held.claim_id != first.claim_id


def test_a_job_that_expired_has_no_time_to_live_once_it_is_retried(owner, db):
    held = in_state(db, State.PENDING)
    assert expire(owner, db, held)
    assert transitions.retry(db, held.job_id)

    assert transitions.claim(db, held.job_id, worker_id=a_worker(db))
