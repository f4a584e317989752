"""Who counts as dead, and what becomes of the jobs of the dead."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from models import leases, transitions
from models.jobs import Held
from models.leases import SILENCE, Doing
from models.states import State
from tests.factories import (
    a_job,
    a_worker,
    alter,
    bury,
    claimed,
    row,
    running,
    state,
)
from tests.waiting import until

LONG_AGO = timedelta(hours=1)


def silent(owner, db, length=SILENCE + timedelta(seconds=1)):
    """A worker that was last seen so long ago."""
    worker = a_worker(db)
    alter(owner, "workers", "seen_at = now() - :length", id=worker, length=length)
    return worker


@pytest.fixture
def seasoned(owner):
    """A postmaster that has run for longer than the silence that kills."""
    statement = text("SELECT now() - pg_postmaster_start_time() > :silence")
    with owner.connect() as db:
        until(lambda: db.scalar(statement, {"silence": SILENCE}))


def test_a_worker_silent_for_too_long_is_dead(owner, db, seasoned):
    worker = silent(owner, db)
    awake = leases.clock(db) - LONG_AGO

    assert leases.bury(db, awake) == [worker]
    assert leases.bury(db, awake) == []


def test_a_worker_that_renews_is_never_buried(owner, db, seasoned):
    worker = silent(owner, db)

    assert leases.renew(db, worker) is False
    assert leases.bury(db, leases.clock(db) - LONG_AGO) == []


def test_a_worker_is_given_the_whole_silence(owner, db, seasoned):
    silent(owner, db, SILENCE - timedelta(seconds=2))

    assert leases.bury(db, leases.clock(db) - LONG_AGO) == []


def test_nobody_dies_of_a_time_in_which_the_observer_slept(owner, db, seasoned):
    silent(owner, db, LONG_AGO)

    assert leases.bury(db, leases.clock(db) - timedelta(seconds=1)) == []


def test_nobody_dies_of_a_time_in_which_the_database_was_away(owner, db):
    """The postmaster's start counts as a renewal of everybody."""
    worker = silent(owner, db, LONG_AGO)
    started = text("SELECT pg_postmaster_start_time()")
    now = text("SELECT now()")
    uptime = db.scalar(now) - db.scalar(started)

    dead = leases.bury(db, leases.clock(db) - LONG_AGO)

    assert (dead == [worker]) == (uptime > SILENCE)


@pytest.mark.parametrize("role", ["threads", "isolated", "keeper"])
def test_a_process_of_any_role_is_buried(owner, db, seasoned, role):
    worker = a_worker(db, role=role)
    alter(owner, "workers", "seen_at = now() - :age", age=LONG_AGO)

    assert leases.bury(db, leases.clock(db) - LONG_AGO) == [worker]


@pytest.mark.parametrize("ended", ["dead_at", "stopped_at"])
def test_an_ended_lease_is_never_renewed(owner, db, ended):
    worker = a_worker(db)
    alter(owner, "workers", f"{ended} = now()", id=worker)

    assert leases.renew(db, worker) is None


def test_a_renewal_brings_back_that_the_worker_is_to_drain(db):
    worker = a_worker(db)
    leases.drain(db, worker)

    assert leases.renew(db, worker) is True


def test_a_report_is_told_only_when_something_changed(owner, db):
    held = running(db).held
    doing = Doing(held, "fetch", 40, "page 4")

    leases.report(db, [doing])
    numbered = row(owner, held.job_id).event_seq
    leases.report(db, [doing])

    told = row(owner, held.job_id)
    assert told.event_seq == numbered
    assert (told.current_step, told.progress, told.note) == ("fetch", 40, "page 4")


def test_a_report_without_progress_keeps_what_was_told(owner, db):
    held = running(db).held
    leases.report(db, [Doing(held, "fetch", 40, "page 4")])

    leases.report(db, [Doing(held, "render", None, None)])

    assert row(owner, held.job_id).progress == 40


def test_a_worker_can_ask_what_it_is_believed_to_hold(db):
    worker = a_worker(db)
    held = claimed(db, a_job(db), worker).held
    running(db)

    assert leases.claimed_by(db, worker) == {Held(*held)}


def test_only_the_living_that_do_not_drain_serve_a_queue(owner, db):
    a_worker(db, slots=5)
    a_worker(db, slots=3, queues=("probe", "audit"))
    leases.drain(db, a_worker(db, slots=7))
    bury(owner, a_worker(db, slots=9))
    leases.end(db, a_worker(db, slots=11))
    silent(owner, db)

    assert leases.served(db) == {"probe": 8, "audit": 3}


@pytest.mark.parametrize("fate", ["dead", "stopped", "missing"])
def test_the_job_of_a_worker_that_is_gone_is_pending_at_once(owner, db, fate):
    held = claimed(db, a_job(db), worker := a_worker(db)).held
    if fate == "dead":
        bury(owner, worker)
    elif fate == "stopped":
        leases.end(db, worker)
    else:
        with owner.connect() as everything:
            everything.execute(text("DELETE FROM workers"))

    assert transitions.rescue(db, batch=10) == [held.job_id]

    freed = row(owner, held.job_id)
    assert freed.state == State.PENDING
    assert (freed.delivered_at, freed.failures, freed.deaths) == (None, 0, 1)
    assert claimed(db, held.job_id).held.attempt == held.attempt + 1


def test_the_job_of_a_living_worker_is_left_alone(db):
    running(db)

    assert transitions.rescue(db, batch=10) == []


def test_a_job_handed_over_meanwhile_is_not_rescued(owner, engine, db):
    held = running(db).held
    bury(owner, None)
    alter(owner, "workers", "dead_at = now()")

    with engine.begin() as handing:
        transitions.hand_over(handing, held)
        assert transitions.rescue(db, batch=10) == []

    assert transitions.rescue(db, batch=10) == []
    assert row(owner, held.job_id).deaths == 0


def test_a_job_taken_on_by_a_living_worker_is_not_rescued(owner, db):
    held = running(db).held
    transitions.hand_over(db, held)
    alter(owner, "workers", "dead_at = now()")

    again = claimed(db, held.job_id)

    assert transitions.rescue(db, batch=10) == []
    assert row(owner, held.job_id).attempt == again.held.attempt


def test_two_rescuers_at_once_free_each_job_once(owner, engine, db):
    jobs = {running(db).held.job_id for _ in range(6)}
    alter(owner, "workers", "dead_at = now()")

    with engine.begin() as other:
        first = transitions.rescue(other, batch=3)
        second = transitions.rescue(db, batch=10)

    assert set(first) | set(second) == jobs
    assert len(first) + len(second) == len(jobs)


def test_a_job_asked_to_stop_on_a_dead_worker_is_cancelled(owner, db):
    held = running(db).held
    transitions.cancel(db, held.job_id)
    alter(owner, "workers", "dead_at = now()")

    assert transitions.rescue(db, batch=10) == []
    assert state(owner, held.job_id) is State.CANCELLED


def die(owner, db, job_id):
    bury(owner, claimed(db, job_id, a_worker(db)) and row(owner, job_id).worker_id)
    transitions.rescue(db, batch=10)


def test_after_two_deaths_in_company_a_job_runs_isolated(owner, db):
    a_worker(db, role="isolated", queues=("probe-isolated",))
    job_id = a_job(db)

    die(owner, db, job_id)
    assert row(owner, job_id).queue == "probe"
    die(owner, db, job_id)
    assert row(owner, job_id).queue == "probe-isolated"
    die(owner, db, job_id)
    assert row(owner, job_id).queue == "probe-isolated"


def test_a_job_stays_where_it_is_while_nobody_serves_the_isolated_queue(owner, db):
    leases.end(db, a_worker(db, role="isolated", queues=("probe-isolated",)))
    job_id = a_job(db)

    for _ in range(3):
        die(owner, db, job_id)

    assert row(owner, job_id).queue == "probe"


def test_deaths_of_its_own_process_are_counted_apart(owner, db):
    held = running(db).held

    assert [transitions.count_own_death(db, held) for _ in range(3)] == [1, 2, 3]
    assert row(owner, held.job_id).deaths == 0
