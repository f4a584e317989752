"""P2 and P4: a worker dies, or is taken for dead, in the middle of a job."""

import os
import signal
import time

from local.stack import Stack
from tests.chaos.client import Client
from tests.chaos.history import violations
from tests.waiting import until

MOVES_ON_WITHIN = 10.0


def _running_at_step(client: Client, job_id: str, number: int) -> int:
    """Wait until a worker is inside the given step; gives its process."""
    before = [f"step {n}" for n in range(1, number)]
    until(lambda: client.finished_steps(job_id) == before)
    pid = client.worker_pid(job_id)
    assert pid is not None
    return pid


def test_a_killed_workers_job_goes_on_elsewhere_from_its_step_within_10_s(
    client: Client,
) -> None:
    job_id = client.submit(steps=4, seconds=1, effects=True)
    pid = _running_at_step(client, job_id, 3)

    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()

    until(lambda: client.job(job_id)["attempt"] == 2)
    assert time.monotonic() - killed <= MOVES_ON_WITHIN
    until(lambda: client.job(job_id)["finished"])
    steps = client.job(job_id)["steps"]
    assert [step["tries"] for step in steps] == [1, 1, 1, 1]
    assert violations(client, [job_id], steps=4) == []


def test_a_worker_that_was_halted_for_too_long_cannot_publish_its_late_result(
    client: Client, stack: Stack
) -> None:
    job_id = client.submit(steps=3, seconds=1)
    pid = _running_at_step(client, job_id, 2)

    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: client.job(job_id)["attempt"] == 2, 20)
    finally:
        os.kill(pid, signal.SIGCONT)

    until(lambda: client.job(job_id)["finished"])
    # The halted worker has noticed by now that it is given up for dead.
    until(lambda: pid in _alive_under_a_new_lease(client, pid), 20)
    assert pid in stack.pids["workers"]
    assert violations(client, [job_id], steps=3) == []


def _alive_under_a_new_lease(client: Client, pid: int) -> set[int]:
    rows = client.rows(
        "SELECT n.pid FROM workers o JOIN workers n ON n.pid = o.pid"
        " WHERE o.pid = %s AND o.dead_at IS NOT NULL AND n.dead_at IS NULL",
        pid,
    )
    return {row.pid for row in rows}


def test_a_worker_told_to_stop_hands_its_jobs_over_at_once_and_at_no_cost(
    client: Client,
) -> None:
    job_id = client.submit(steps=6, seconds=0.5)
    pid = _running_at_step(client, job_id, 2)

    os.kill(pid, signal.SIGTERM)

    until(lambda: client.job(job_id)["finished"])
    assert client.job(job_id)["failures"] == 0
    names = client.rows(
        "SELECT name FROM job_events WHERE job_id = %s AND type = 'state' ORDER BY seq",
        job_id,
    )
    assert [row.name for row in names] == [
        "submitted",
        "claimed",
        "handed over",
        "claimed",
        "completed",
    ]
    assert violations(client, [job_id], steps=6) == []


def test_a_killed_isolated_workers_children_die_with_it_and_the_job_goes_on(
    client: Client, stack: Stack
) -> None:
    job_id = client.submit(steps=3, seconds=1.5, cpu=True)
    pid = _running_at_step(client, job_id, 2)
    assert pid == stack.pids["isolated"]

    os.kill(pid, signal.SIGKILL)

    until(lambda: client.job(job_id)["finished"], 30)
    assert client.job(job_id)["attempt"] == 2
    assert violations(client, [job_id], steps=3) == []
