"""P1: Redis is emptied, PostgreSQL restarts, everything is killed."""

import os
import signal
from pathlib import Path

import psycopg
from redis import Redis

from local.stack import Stack, running
from tests.chaos.client import Client
from tests.chaos.history import violations
from tests.waiting import until

QUEUED = 500
RUNNING = 20


def test_an_emptied_redis_loses_no_job_of_500_queued_and_20_running(
    tmp_path: Path,
) -> None:
    with (
        running(tmp_path, workers=2, environment={"WORKER_THREADS": "10"}) as stack,
        Client(stack) as client,
    ):
        long = [client.submit(steps=2, seconds=2) for _ in range(RUNNING)]
        until(lambda: client.states(long) == {"running"})
        short = [client.submit(steps=1) for _ in range(QUEUED)]

        Redis.from_url(stack["redisUrl"]).flushall()

        until(lambda: client.are_completed(long + short), 90)
        assert violations(client, long, steps=2) == []
        assert violations(client, short, steps=1) == []


def test_a_restart_of_postgresql_fails_no_job_and_doubles_no_step(
    tmp_path: Path,
) -> None:
    with running(tmp_path, workers=2) as stack, Client(stack) as client:
        jobs = [client.submit(steps=5, seconds=0.4) for _ in range(20)]
        until(lambda: client.finished_steps(jobs[0]))

        stack_signal(stack, "postgres", signal.SIGKILL)

        until(lambda: _completed_though_away(client, jobs), 60)
        assert violations(client, jobs, steps=5) == []
        assert {client.job(job)["failures"] for job in jobs} == {0}


def test_jobs_accepted_before_everything_was_killed_are_done_after_the_next_start(
    tmp_path: Path,
) -> None:
    stack = Stack(tmp_path, workers=1).start()
    with Client(stack) as client:
        jobs = [client.submit(steps=3, seconds=0.3) for _ in range(15)]
    stack.kill()

    with running(tmp_path, workers=1) as again, Client(again) as client:
        until(lambda: client.are_completed(jobs), 60)
        assert violations(client, jobs, steps=3) == []


def stack_signal(stack: Stack, part: str, number: int) -> None:
    """Send a part a signal."""
    os.kill(stack.pids[part], number)


def _completed_though_away(client: Client, jobs: list[str]) -> bool:
    try:
        return client.are_completed(jobs)
    except psycopg.OperationalError:
        return False
