"""Ids reach Redis once a delivery, in order, within a window, and never payloads."""

from uuid import uuid4

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from jobs.kit import delivery
from jobs.kit.delivery import WAKE, parse, push, push_all, rq_hash, rq_id
from models import dead_letters, deliveries, transitions
from models.deliveries import Due
from models.states import Priority, State
from tests.factories import a_job, a_letter, in_state
from tests.worker.queues import QUEUE, listed
from worker.ticks.letters import show


def a_due(db, **wanted):
    job_id = a_job(db, **wanted)
    found = {due.id: due for due in deliveries.take(db, "probe", room=10)}
    return found[job_id]


def push_new(job_id=None, priority=Priority.NORMAL):
    return push(job_id or uuid4(), "probe", "probe", priority)


def test_one_delivery_is_pushed_once_however_often(db, redis):
    due = a_due(db)

    push_all(redis, [due])
    push_all(redis, [due])

    assert listed(redis) == [rq_id(due.id, 1)]


def test_a_further_delivery_has_a_name_of_its_own(db, redis):
    due = a_due(db)
    push_all(redis, [due])

    push_all(redis, [due._replace(delivery=2)])

    assert listed(redis) == [rq_id(due.id, 1), rq_id(due.id, 2)]


def test_rescued_and_urgent_jobs_go_to_the_front(db, redis):
    plain, urgent = a_due(db), a_due(db, priority=Priority.HIGH)
    rescued = a_due(db)._replace(attempt=1)

    push_all(redis, [plain, urgent, rescued])

    assert listed(redis) == [rq_id(due.id, 1) for due in (rescued, urgent, plain)]


def test_a_new_job_goes_out_at_once_while_workers_are_free(redis):
    delivery.announce(redis, {"probe": 2}, [])

    assert [push_new() for _ in range(3)] == [True, True, False]
    assert redis.llen(QUEUE) == 2
    assert redis.llen(WAKE) == 1


def test_a_new_job_waits_its_turn_behind_older_ones(redis):
    delivery.announce(redis, {"probe": 9}, ["probe"])

    assert not push_new()
    assert listed(redis) == []


def test_a_queue_that_nobody_announced_holds_one(redis):
    assert [push_new(), push_new()] == [True, False]


def test_an_urgent_new_job_goes_before_the_others(redis):
    delivery.announce(redis, {"probe": 9}, [])
    plain, urgent = uuid4(), uuid4()

    push_new(plain)
    push_new(urgent, Priority.HIGH)

    assert listed(redis) == [rq_id(urgent, 1), rq_id(plain, 1)]


def test_a_redis_that_is_away_costs_nothing_but_the_direct_push(monkeypatch):
    closed = Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(delivery, "impatient", lambda: closed)

    assert push_new() is False
    delivery.wake_relay(closed)


def test_redis_holds_an_id_and_a_kind_and_nothing_of_the_payload(redis):
    job_id = uuid4()
    push_new(job_id)

    stored = redis.hgetall(rq_hash(rq_id(job_id, 1)))

    rq_job = Job.fetch(rq_id(job_id, 1), connection=redis, serializer=JSONSerializer)
    assert rq_job.description == f"probe {job_id}"
    assert list(rq_job.args) == []
    assert stored[b"origin"] == b"probe"
    assert redis.ttl(rq_hash(rq_id(job_id, 1))) > 0


def test_a_name_is_read_back_and_anything_else_is_none():
    job_id = uuid4()

    assert parse(rq_id(job_id, 12)) == (job_id, 12)
    for odd in ("", "1", str(job_id), f"{job_id}-x", "os.system-1"):
        assert parse(odd) is None or parse(odd)[0] != job_id


@pytest.fixture
def letter(db):
    held = in_state(db, State.FAILED)
    a_letter(db, held)
    return held


def registry(redis):
    return FailedJobRegistry("probe", connection=redis).get_job_ids(cleanup=False)


def test_an_open_dead_letter_stands_in_rqs_failed_registry(db, engine, redis, letter):
    assert show(engine, redis) == 1
    assert show(engine, redis) == 0

    assert registry(redis) == [rq_id(letter.job_id, 0)]
    shown = Job.fetch(
        rq_id(letter.job_id, 0), connection=redis, serializer=JSONSerializer
    )
    assert shown.get_status().value == "failed"
    assert "It broke." in shown.latest_result().exc_string


def test_a_replayed_dead_letter_leaves_the_registry(db, engine, redis, letter):
    show(engine, redis)
    transitions.retry(db, letter.job_id)

    assert show(engine, redis) == 1

    assert registry(redis) == []
    assert not redis.exists(rq_hash(rq_id(letter.job_id, 0)))


def test_a_resolved_dead_letter_leaves_the_registry(db, engine, redis, letter):
    found = dead_letters.unshown(db, batch=1)[0]
    show(engine, redis)
    dead_letters.resolve(db, found.id, by=letter.job_id, notes="")

    show(engine, redis)

    assert registry(redis) == []


def test_lengths_and_names_are_read_of_several_queues_at_once(redis):
    push_new()
    due = Due(uuid4(), "audit", "audit", 1, 3, 0, None)
    push_all(redis, [due])

    assert delivery.lengths(redis, ["probe", "audit"]) == {"probe": 1, "audit": 1}
    assert rq_id(due.id, 3) in delivery.standing(redis, {"probe", "audit"})
