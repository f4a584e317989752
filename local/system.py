"""A whole running system: servers, web, keeper, workers, under one supervisor."""

import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from local.addresses import ROLES, Addresses, admit_roles, for_roles
from local.folder import DataFolder
from local.identity import choose
from local.part import Part, PartFailedError, Program
from local.parts import Parts, grace
from local.ports import LOOPBACK, free_port
from local.postgres import Postgres
from local.release import migrate
from local.supervisor import Supervisor
from local.valkey import Valkey

READY_WITHIN = timedelta(seconds=90)
VALKEY_STOPS_WITHIN = timedelta(seconds=1)
POSTGRES_STOPS_WITHIN = timedelta(seconds=2)


class System:
    """What `./run up` starts; the caller holds the data folder."""

    def __init__(self, data: Path, *, port: int, workers: int) -> None:
        self.folder = DataFolder(data)
        self._port = port or free_port()
        self._workers = workers
        self._supervisor = Supervisor(self._record)
        self._parts: dict[str, Part] = {}

    @property
    def url(self) -> str:
        """Where web answers."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pids(self) -> dict[str, Any]:
        """The process of each part; None where the server is external."""
        pid = {name: part.pid for name, part in self._parts.items()}
        workers = [f"worker-{number}" for number in range(1, self._workers + 1)]
        return {
            "web": pid["web"],
            "keeper": pid["keeper"],
            "workers": [pid[name] for name in workers],
            "isolated": pid["worker-isolated"],
            "postgres": pid.get("postgres"),
            "redis": pid.get("redis"),
        }

    def start(self) -> Addresses:
        """Start everything and wait until web is ready.

        Raises PartFailedError and RolesClosedError.
        """
        self.folder.remove("running")
        addresses = self._release(self._start_servers())
        parts = Parts(self.folder, addresses, self._port)
        numbers = range(1, self._workers + 1)
        for program in (
            parts.web(),
            parts.keeper(),
            parts.isolated(),
            *(parts.worker(number) for number in numbers),
        ):
            self._start_part(program)
        self.folder.write("environment", parts.environment)
        self._wait_until_ready()
        return addresses

    def run(self) -> None:
        """Keep everything running, until a signal handler's exception."""
        self._supervisor.watch()

    def stop(self) -> None:
        """Hand the jobs over, then stop the servers."""
        self._supervisor.stop()

    def announce(self, announcement: dict[str, Any]) -> None:
        """Keep what was announced for `./run user` and the tests."""
        self.folder.write("running", announcement)

    def _start_servers(self) -> Addresses:
        """Start the servers that the environment does not name."""
        redis = os.environ.get("REDIS_URL") or self._start_valkey()
        database = os.environ.get("DATABASE_URL") or self._start_postgres()
        return for_roles(self.folder, database, redis)

    def _start_valkey(self) -> str:
        valkey = Valkey(self.folder)
        self._keep(valkey.part, valkey.launch, rank=1, patience=VALKEY_STOPS_WITHIN)
        valkey.wait_until_ready()
        return valkey.url

    def _start_postgres(self) -> str:
        postgres = Postgres(self.folder, choose())
        postgres.prepare()
        stops_within = POSTGRES_STOPS_WITHIN
        self._keep(postgres.part, postgres.launch, rank=2, patience=stops_within)
        postgres.wait_until_ready()
        return postgres.url

    def _start_part(self, program: Program) -> None:
        part = Part(program)
        self._keep(part, part.start, rank=0, patience=grace())

    def _keep(
        self,
        part: Part,
        launch: Callable[[], None],
        *,
        rank: int,
        patience: timedelta,
    ) -> None:
        self._supervisor.start(part, launch, rank=rank, patience=patience)
        self._parts[part.name] = part

    def _release(self, addresses: Addresses) -> Addresses:
        """Migrate; roles of an external database may come with their addresses."""
        migrate(self.folder, addresses)
        given = _given_roles() if os.environ.get("DATABASE_URL") else {}
        if len(given) < len(ROLES):
            admit_roles(self.folder, addresses.database)
        return replace(addresses, **given)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN.total_seconds()
        self._supervisor.watch_until(
            lambda: self._is_ready() or time.monotonic() > deadline
        )
        if not self._is_ready():
            raise PartFailedError("web", self._parts["web"].program.log)

    def _is_ready(self) -> bool:
        web = HTTPConnection(LOOPBACK, self._port, timeout=2)
        with closing(web), suppress(OSError, HTTPException):
            web.request("GET", "/readyz")
            answer = web.getresponse()
            # Without workers nothing serves the queues: ready means as asked for.
            return answer.status == HTTPStatus.OK or (
                not self._workers and b'"redis":true' in answer.read()
            )
        return False

    def _record(self) -> None:
        """Note the new pids for whoever reads the announcement later."""
        announced = self.folder.read("running")
        if announced:
            self.announce({**announced, "pids": self.pids})


def _given_roles() -> dict[str, str]:
    given = {
        "web_database": os.environ.get("WEB_DATABASE_URL"),
        "worker_database": os.environ.get("WORKER_DATABASE_URL"),
    }
    return {name: address for name, address in given.items() if address}
