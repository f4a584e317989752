"""A worker process from its start to its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from jobs.kit.delivery import push_all
from models import deliveries
from models.states import State
from tests.factories import row, state, steps_of
from tests.waiting import exists, until

ROOT = Path(__file__).parents[2]
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(environment, redis) -> Iterator[Start]:
    """Starts a worker process; none outlives its test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(role: str) -> subprocess.Popen[bytes]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "worker", role],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        )
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def hand_out(hand, redis, job_id, queue="probe"):
    push_all(redis, deliveries.take(hand.db, queue, room=10))
    return job_id


def of_worker(owner, process):
    statement = text("SELECT * FROM workers WHERE pid = :pid")
    with owner.connect() as db:
        return db.execute(statement, {"pid": process.pid}).one_or_none()


def descendants(pid: int) -> set[int]:
    """Every process under one."""
    return _under(pid, _parents())


def grandchildren(pid: int) -> set[int]:
    """The attempts' own processes: the fork server's children."""
    parents = _parents()
    return {child for child in _under(pid, parents) if parents[child] != pid}


def _under(pid: int, parents: dict[int, int]) -> set[int]:
    found, level = set(), {pid}
    while level := {child for child, parent in parents.items() if parent in level}:
        found |= level
    return found


def _parents() -> dict[int, int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(stat[1])
    return parents


def test_a_worker_serves_its_queues_and_ends_cleanly(owner, hand, redis, start):
    process = start("threads")
    job_id = hand_out(hand, redis, hand.submit("probe", {"steps": 3}))
    until(lambda: state(owner, job_id) is State.COMPLETED, 30)

    process.send_signal(signal.SIGTERM)

    assert process.wait(15) == 0
    assert of_worker(owner, process).stopped_at is not None
    assert row(owner, job_id).attempt == 1


def test_a_worker_that_stops_hands_its_job_over_after_the_step_under_way(
    owner, hand, redis, start
):
    process = start("threads")
    job_id = hand_out(hand, redis, hand.submit("probe", {"steps": 50, "seconds": 0.3}))
    until(lambda: "step 2" in steps_of(owner, job_id), 30)

    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0

    handed = row(owner, job_id)
    assert (handed.state, handed.failures, handed.deaths) == (State.PENDING, 0, 0)


def test_a_step_longer_than_the_grace_is_handed_over_without_its_result(
    owner, hand, redis, start
):
    process = start("threads")
    job_id = hand_out(hand, redis, hand.submit("probe", {"steps": 1, "seconds": 60}))
    until(lambda: state(owner, job_id) is State.RUNNING, 30)

    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0

    assert state(owner, job_id) is State.PENDING
    assert steps_of(owner, job_id) == {}


def test_whatever_stands_in_a_queue_only_ids_are_read(owner, hand, redis, start):
    process = start("threads")
    for name in ("os.system", "1", "x" * 5000):
        redis.rpush("rq:queue:probe", name)
    job_id = hand_out(hand, redis, hand.submit("probe"))

    until(lambda: state(owner, job_id) is State.COMPLETED, 30)
    assert process.poll() is None


def test_the_children_of_a_killed_worker_die_with_it_even_when_they_cannot_hear(
    owner, hand, redis, start
):
    process = start("isolated")
    payload = {"steps": 1, "seconds": 60, "cpu": True}
    job_id = hand.submit("probe", payload, queue="probe-isolated")
    hand_out(hand, redis, job_id, "probe-isolated")
    until(lambda: state(owner, job_id) is State.RUNNING, 30)
    until(lambda: grandchildren(process.pid))
    family = descendants(process.pid)

    for child in grandchildren(process.pid):
        os.kill(child, signal.SIGSTOP)
    process.kill()
    process.wait()

    until(lambda: not any(exists(pid) for pid in family))


def test_an_isolated_worker_that_stops_hands_over_and_leaves_nobody_behind(
    owner, hand, redis, start
):
    process = start("isolated")
    payload = {"steps": 50, "seconds": 0.3, "cpu": True}
    job_id = hand.submit("probe", payload, queue="probe-isolated")
    hand_out(hand, redis, job_id, "probe-isolated")
    until(lambda: "step 1" in steps_of(owner, job_id), 30)
    family = descendants(process.pid)

    process.send_signal(signal.SIGTERM)

    assert process.wait(15) == 0
    assert state(owner, job_id) is State.PENDING
    until(lambda: not any(exists(pid) for pid in family))
