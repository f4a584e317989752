"""The keeper's ticks: each finds what is due, and does it once."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs.kit import Context
from jobs.kit.delivery import WAKE, rq_hash, rq_id, wake_relay
from models import deliveries, leases, transitions
from models.leases import SILENCE
from models.states import Priority, Reason, State
from tests.factories import a_job, a_worker, alter, letters, row, running, state
from tests.kinds import Order, a_kind
from tests.waiting import until
from tests.worker.queues import QUEUE, listed
from worker.ticks.compare import Comparison
from worker.ticks.prune import prune
from worker.ticks.relay import Relay
from worker.ticks.rescue import Rescuer
from worker.ticks.wake import expire, wake

LONG_AGO = timedelta(hours=1)


@pytest.fixture
def relay(db, engine, redis):
    a_worker(db, slots=5)
    return Relay(engine, redis)


def rest(relay):
    """Let the relay forget how fast the queue emptied lately."""
    for pushed in relay._pushed.values():
        pushed.clear()


def test_the_relay_hands_over_one_id_less_than_there_are_slots(db, redis, relay):
    jobs = [a_job(db) for _ in range(8)]

    assert relay.tick() == 4

    assert listed(redis) == [rq_id(job_id, 1) for job_id in jobs[:4]]


def test_the_relay_refills_what_workers_took(db, redis, relay):
    jobs = [a_job(db) for _ in range(8)]
    relay.tick()
    rest(relay)
    assert relay.tick() == 0

    redis.lpop(QUEUE, 3)

    assert relay.tick() == 3
    assert listed(redis) == [rq_id(job_id, 1) for job_id in (jobs[3], *jobs[4:7])]


@pytest.mark.parametrize(("ago", "window"), [(0.0, 9), (1.0, 4)])
def test_a_queue_that_empties_fast_is_given_a_wider_window(db, relay, ago, window):
    for _ in range(20):
        a_job(db)
    relay._pushed["probe"].extend([time.monotonic() - ago] * 9)

    assert relay.tick() == window


def test_while_ids_wait_behind_the_window_new_ones_queue_up_too(db, redis, relay):
    for _ in range(5):
        a_job(db)
    relay.tick()

    assert redis.exists("nightwork:backlog:probe")


def test_a_queue_nobody_serves_is_given_one_id_for_whoever_comes(db, engine, redis):
    for _ in range(3):
        a_job(db)

    assert Relay(engine, redis).tick() == 1


def test_urgent_jobs_are_handed_over_first(db, redis, relay):
    for _ in range(6):
        a_job(db)
    urgent = a_job(db, priority=Priority.HIGH)

    relay.tick()

    assert listed(redis)[0] == rq_id(urgent, 1)


def test_the_relay_tells_web_how_many_slots_there_are(redis, relay):
    relay.tick()

    assert redis.get("nightwork:slots:probe") == b"5"


@pytest.fixture
def comparison(engine, redis):
    comparison = Comparison(engine, redis)
    comparison.tick()
    return comparison


def delivered(owner, db, redis, relay):
    """A job whose delivery nobody took up for a while."""
    job_id = a_job(db)
    relay.tick()
    alter(owner, "jobs", "delivered_at = now() - interval '10 seconds'", id=job_id)
    return job_id


def test_a_lost_delivery_is_made_again_when_it_is_missed_twice(
    owner, db, redis, relay, comparison
):
    job_id = delivered(owner, db, redis, relay)
    redis.delete(QUEUE)

    assert [comparison.tick(), comparison.tick()] == [0, 1]

    relay.tick()
    assert listed(redis) == [rq_id(job_id, 2)]


def test_a_delivery_that_stands_in_its_queue_is_left_alone(
    owner, db, redis, relay, comparison
):
    delivered(owner, db, redis, relay)

    assert [comparison.tick() for _ in range(3)] == [0, 0, 0]


def test_a_delivery_claimed_after_it_was_missed_is_not_made_again(
    owner, db, redis, relay, comparison
):
    job_id = delivered(owner, db, redis, relay)
    redis.delete(QUEUE)
    comparison.tick()
    transitions.claim(db, job_id, worker_id=a_worker(db), delivery=1)

    assert comparison.tick() == 0


def test_a_delivery_missed_once_and_seen_again_is_not_suspected(
    owner, db, redis, relay, comparison
):
    job_id = delivered(owner, db, redis, relay)
    redis.delete(QUEUE)
    comparison.tick()
    redis.rpush(QUEUE, rq_id(job_id, 1))
    comparison.tick()
    redis.delete(QUEUE)

    assert comparison.tick() == 0
    assert comparison.tick() == 1


def test_an_emptied_redis_is_filled_at_the_next_comparison(
    db, redis, relay, comparison
):
    jobs = [a_job(db) for _ in range(3)]
    relay.tick()

    redis.flushall()

    assert comparison.tick() == 3
    relay.tick()
    assert listed(redis) == [rq_id(job_id, 2) for job_id in jobs]
    assert redis.exists(rq_hash(rq_id(jobs[0], 2)))


def test_waits_that_are_over_end_and_others_go_on(owner, db, engine):
    over, later = running(db).held, running(db).held
    for held, delay in ((over, timedelta(0)), (later, LONG_AGO)):
        transitions.suspend(db, held, Reason.SLEEP, delay=delay)

    assert wake(engine) == 1
    assert wake(engine) == 0

    assert state(owner, over.job_id) is State.PENDING
    assert state(owner, later.job_id) is State.WAITING


def test_a_job_not_started_in_its_time_to_live_fails_with_a_letter(owner, db, engine):
    kind = a_kind(lambda *_: None)

    @kind.on_failure
    def apologise(ctx: Context, args: Order) -> None:
        """Say sorry."""

    job_id = a_job(db, kind="test.order", ttl=LONG_AGO, payload={"api_key": "horse"})
    kept = a_job(db, ttl=LONG_AGO)
    alter(owner, "jobs", "expires_at = now()", id=job_id)

    assert expire(engine) == 1
    assert expire(engine) == 0

    failed = row(owner, job_id)
    assert (failed.state, failed.reason) == (State.FAILED, Reason.EXPIRED)
    assert state(owner, kept) is State.PENDING
    letter = letters(owner)[0]
    assert letter.event_data == {"api_key": "[redacted]"}
    with owner.connect() as everything:
        statement = text("SELECT count(*) FROM jobs WHERE kind = 'test.order.failed'")
        assert everything.scalar(statement) == 1


@pytest.fixture
def silent(owner, db):
    """A worker that holds a job and was last seen an hour ago."""
    held = running(db).held
    alter(owner, "workers", "seen_at = now() - :ago", ago=LONG_AGO)
    statement = text("SELECT now() - pg_postmaster_start_time() > :silence")
    until(lambda: db.scalar(statement, {"silence": SILENCE}))
    return held


def watched_since(rescuer, db, ago):
    """A rescuer that has been awake for so long."""
    rescuer.tick()
    rescuer._awake_since = leases.clock(db) - ago


def test_a_rescuer_that_has_watched_long_enough_frees_the_jobs_of_the_silent(
    owner, db, engine, silent
):
    rescuer = Rescuer(engine)
    watched_since(rescuer, db, LONG_AGO)

    assert rescuer.tick() == 1
    assert state(owner, silent.job_id) is State.PENDING


def test_a_rescuer_that_has_just_begun_buries_nobody(owner, db, engine, silent):
    rescuer = Rescuer(engine)

    assert [rescuer.tick(), rescuer.tick()] == [0, 0]
    assert state(owner, silent.job_id) is State.RUNNING


def test_a_rescuer_that_was_paused_starts_to_watch_anew(owner, db, engine, silent):
    rescuer = Rescuer(engine)
    watched_since(rescuer, db, LONG_AGO)
    rescuer._looked_at -= 3.5

    assert rescuer.tick() == 0
    assert state(owner, silent.job_id) is State.RUNNING


def test_the_pruner_keeps_what_the_settings_say(owner, db, engine):
    held = running(db).held
    transitions.complete(db, held, None)
    assert prune(engine) == 0

    alter(owner, "jobs", "finished_at = now() - interval '31 days'", id=held.job_id)

    assert prune(engine) >= 1
    assert deliveries.queues_with_work(db) == []


def test_a_push_that_found_no_room_wakes_the_relay_once(redis):
    for _ in range(3):
        wake_relay(redis)

    assert redis.llen(WAKE) == 1
