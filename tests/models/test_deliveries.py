"""What PostgreSQL believes of Redis."""

import pytest

from models import deliveries, leases, transitions
from models.states import Priority
from tests.factories import HOUR, a_job, a_worker, alter, bury, row, running


def taken(db, room=10, queue="probe"):
    return deliveries.take(db, queue, room=room)


def test_due_jobs_are_taken_by_priority_then_by_age(db):
    low = a_job(db, priority=Priority.LOW)
    first, second = a_job(db), a_job(db)
    high = a_job(db, priority=Priority.HIGH)

    assert [due.id for due in taken(db)] == [high, first, second, low]


def test_no_more_are_taken_than_there_is_room_for(db):
    jobs = [a_job(db) for _ in range(3)]

    assert [due.id for due in taken(db, room=2)] == jobs[:2]
    assert [due.id for due in taken(db, room=2)] == jobs[2:]
    assert taken(db) == []


def test_each_delivery_has_a_number_of_its_own(owner, db):
    a_job(db)
    first = taken(db)
    deliveries.forget(db)

    assert [due.delivery for due in (*first, *taken(db))] == [1, 2]


def test_jobs_that_are_not_due_or_of_another_queue_stay(db):
    a_job(db, run_at=leases.clock(db) + HOUR)
    a_job(db, queue="audit")

    assert taken(db) == []
    # Due or not: the relay finds out when it takes.
    assert deliveries.queues_with_work(db) == ["audit", "probe"]


def test_two_relays_at_once_take_each_job_once(engine, db):
    jobs = {a_job(db) for _ in range(6)}

    with engine.begin() as other:
        first = deliveries.take(other, "probe", room=3)
        second = taken(db)

    assert {due.id for due in (*first, *second)} == jobs
    assert len(first) + len(second) == len(jobs)


def test_only_a_delivery_nobody_took_up_for_a_while_is_looked_at(owner, db):
    job_id = a_job(db)
    taken(db)
    assert deliveries.unclaimed(db, batch=10) == []

    alter(owner, "jobs", "delivered_at = now() - interval '4 seconds'", id=job_id)

    assert [due.id for due in deliveries.unclaimed(db, batch=10)] == [job_id]


@pytest.mark.parametrize(("number", "seconds"), [(1, 3), (2, 5), (3, 9), (9, 60)])
def test_each_further_delivery_is_given_more_time(owner, db, number, seconds):
    a_job(db)
    sets = "delivery = :number, delivered_at = now() - :ago * interval '1 second'"
    alter(owner, "jobs", sets, number=number, ago=seconds - 0.9)
    assert deliveries.unclaimed(db, batch=10) == []

    alter(owner, "jobs", sets, number=number, ago=seconds + 0.1)

    assert len(deliveries.unclaimed(db, batch=10)) == 1


def test_a_lost_delivery_is_taken_back(owner, db):
    job_id = a_job(db)

    assert deliveries.deliver_again(db, taken(db)) == 1
    assert row(owner, job_id).delivered_at is None


def test_a_delivery_is_taken_back_only_under_its_own_number(owner, db):
    job_id = a_job(db)
    old = taken(db)
    deliveries.forget(db)
    taken(db)

    assert deliveries.deliver_again(db, old) == 0
    deliveries.refused(db, job_id, old[0].delivery)
    assert row(owner, job_id).delivered_at is not None


def test_a_claimed_job_is_no_longer_taken_back(owner, db):
    job_id = a_job(db)
    dues = taken(db)
    transitions.claim(db, job_id, worker_id=a_worker(db), delivery=1)

    assert deliveries.deliver_again(db, dues) == 0
    assert deliveries.forget(db) == 0


def test_a_direct_delivery_counts_as_the_first(owner, db):
    job_id = a_job(db)
    held = transitions.claim(db, job_id, worker_id=a_worker(db), delivery=1)
    transitions.hand_over(db, held.held)

    assert [due.delivery for due in taken(db)] == [2]


def test_a_refused_delivery_is_open_again(owner, db):
    job_id = a_job(db)
    dues = taken(db)

    deliveries.refused(db, job_id, dues[0].delivery)

    assert [due.id for due in taken(db)] == [job_id]


@pytest.mark.parametrize("way", ["handed over", "rescued"])
def test_a_job_that_was_under_way_is_taken_before_those_that_were_not(owner, db, way):
    held = running(db).held
    for _ in range(3):
        a_job(db)
    if way == "rescued":
        bury(owner, row(owner, held.job_id).worker_id)
        assert transitions.rescue(db, batch=9)
    else:
        assert transitions.hand_over(db, held)

    assert [due.id for due in deliveries.take(db, "probe", room=1)] == [held.job_id]
