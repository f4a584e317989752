"""Nightwork as it is measured: its own programs on the servers of the run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from redis import Redis
from sqlalchemy import create_engine

from benchmarks import processes
from benchmarks.caller import Caller
from benchmarks.records import Records
from benchmarks.timing import wait_until
from jobs.kit.delivery import wake_relay
from jobs.kit.kinds import catalogue
from local.keys import new_user
from local.part import Part, Program
from local.parts import Parts
from local.ports import LOOPBACK, free_port
from local.release import release
from local.servers import Servers
from models import transitions
from models.database import as_user
from models.jobs import Submission
from models.settings import read

KIND = "probe"
# One client asks for more than any user may; that is what is measured.
UNLIMITED = {"RATE_LIMIT": "10000000 per minute"}


class Nightwork:
    """Submits batches, runs workers, gives records of what came of it."""

    def __init__(self, servers: Servers, threads: int) -> None:
        release(servers.folder, servers.addresses)
        self._threads = threads
        self._port = free_port()
        self._parts = Parts(servers.folder, servers.addresses, self._port)
        self._user = new_user(servers.database_url, "bench", "operator")
        url = read({"DATABASE_URL": servers.web_database_url}).database_url
        self._engine = create_engine(url)
        self._redis = Redis.from_url(servers.redis_url)
        self.records = Records(servers.database_url)
        self.effects = servers.folder.path / "probe-effects.log"

    def close(self) -> None:
        """Leave the servers."""
        self._engine.dispose()
        self._redis.close()
        self.records.close()

    def queue(self, count: int, **payload: Any) -> list[UUID]:
        """Submit so many probes, in one transaction; gives their ids."""
        kind = catalogue()[KIND]
        accepted = kind.accept(payload)
        asked = [
            Submission(
                user_id=UUID(self._user["userId"]),
                kind=KIND,
                queue=kind.queue_for(accepted),
                payload=accepted,
            )
            for _ in range(count)
        ]
        with as_user(self._engine, asked[0].user_id) as db:
            for submission in asked:
                transitions.submit(db, submission)
        wake_relay(self._redis)
        return [submission.id for submission in asked]

    @contextmanager
    def working(
        self, count: int, *, threads: int | None = None
    ) -> Iterator[list[Part]]:
        """Run a keeper and so many workers of threads; gives the workers.

        What is added to their list is stopped with them.
        """
        worker = self.worker(threads=threads)
        keeper = self._program(self._parts.keeper(), {})
        with (
            processes.running([keeper]),
            processes.running([worker] * count) as workers,
        ):
            self.wait_for(workers)
            yield workers

    def wait_for(self, workers: Sequence[Part]) -> None:
        """Wait until the workers have begun to serve."""
        pids = [part.pid for part in workers]
        wait_until(lambda: self.records.are_ready(pids), "start of the workers")

    def worker(self, *, threads: int | None = None) -> Program:
        """Make one more worker of threads."""
        extra = {"WORKER_THREADS": str(threads or self._threads)}
        return self._program(self._parts.worker(1), extra)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Run web; `caller` speaks to it."""
        with processes.running([self._program(self._parts.web(), UNLIMITED)]):
            with self.caller() as caller:
                wait_until(caller.is_answered, "start of web")
            yield

    def caller(self) -> Caller:
        """Give a client with a connection of its own."""
        return Caller(LOOPBACK, self._port, self._user["apiKey"])

    def _program(self, program: Program, extra: Mapping[str, str]) -> Program:
        return replace(program, environment={**program.environment, **extra})
