"""Ids that a worker took but did not begin."""

from uuid import uuid4

from jobs.kit.delivery import announce, push, rq_hash
from models.states import Priority
from worker.rq_worker import QueueWorker
from worker.slots import Slots


def test_a_stopping_worker_gives_up_what_it_took_with_its_slots_and_traces(db, redis):
    jobs = [uuid4(), uuid4()]
    announce(redis, {"probe": 3}, [])
    for job_id in jobs:
        assert push(job_id, "probe", "probe", Priority.NORMAL)
    slots = Slots(3, print)
    worker = QueueWorker(["probe"], redis, slots, lambda: None)
    assert slots.reserve(1)
    worker._pop_for_free_slots()

    names = worker.leftover()

    assert {name.rpartition("-")[0] for name in names} == {str(job) for job in jobs}
    assert not any(redis.exists(rq_hash(name)) for name in names)
    assert slots.wait_idle(0)
