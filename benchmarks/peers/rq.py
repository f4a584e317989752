"""RQ without Nightwork: its queue, its workers, its own records in Redis."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.worker import BaseWorker

from benchmarks import processes
from benchmarks.peers.rq_jobs import say_when, wait
from benchmarks.peers.rq_worker import QUEUE
from benchmarks.timing import Moment, wait_until
from local.part import Part, Program
from local.parts import PYTHON, ROOT

FORKING = "RQ Worker (forking)"
SIMPLE = "RQ SimpleWorker"
MODES = {FORKING: "fork", SIMPLE: "simple"}
# Nightwork has database 0 of the same server.
DATABASE = "/1"


class Rq:
    """One queue of RQ's."""

    def __init__(self, redis_url: str, log: Path) -> None:
        self._url = redis_url.rpartition("/")[0] + DATABASE
        self._log = log
        self._redis = Redis.from_url(self._url)
        self._queue = Queue(QUEUE, connection=self._redis)

    def close(self) -> None:
        """Leave the server."""
        self._redis.close()

    def queue(self, count: int) -> list[str]:
        """Enqueue so many jobs that do nothing, in one round trip."""
        datas = [Queue.prepare_data(say_when) for _ in range(count)]
        with self._redis.pipeline() as pipeline:
            jobs = self._queue.enqueue_many(datas, pipeline=pipeline)
            pipeline.execute()
        return [job.id for job in jobs]

    def submit(self) -> str:
        """Enqueue one job."""
        return self._queue.enqueue(say_when).id

    def hold(self, seconds: float) -> str:
        """Enqueue a job that waits."""
        return self._queue.enqueue(wait, seconds).id

    @contextmanager
    def working(self, system: str, count: int) -> Iterator[list[Part]]:
        """Run so many worker processes."""
        program = Program(
            name=f"rq-{MODES[system]}",
            command=(sys.executable, "-m", "benchmarks.peers.rq_worker", MODES[system]),
            folder=ROOT,
            log=self._log,
            environment={**PYTHON, "REDIS_URL": self._url},
        )
        with processes.running([program] * count) as parts:
            wait_until(lambda: self._registered() == count, f"start of {system}")
            yield parts

    def wait_for(self, count: int) -> None:
        """Wait until so many jobs are finished, then forget that they are."""
        registry = self._queue.finished_job_registry
        wait_until(lambda: registry.get_job_count(cleanup=False) == count, "RQ")
        self._redis.delete(registry.key)

    def ends(self, jobs: list[str]) -> list[Moment]:
        """List when the jobs ended, as RQ recorded it."""
        return [job.ended_at.timestamp() for job in self._fetch(jobs) if job.ended_at]

    def starts(self, jobs: list[str]) -> list[Moment]:
        """List when the jobs' functions began, as they said themselves."""
        said: list[Any] = [job.return_value() for job in self._fetch(jobs)]
        return said

    def _fetch(self, jobs: list[str]) -> list[Job]:
        found = Job.fetch_many(jobs, connection=self._redis)
        return [job for job in found if job is not None]

    def _registered(self) -> int:
        return BaseWorker.count(connection=self._redis)
