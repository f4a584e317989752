"""DBOS on the run's PostgreSQL, in a database and a virtual environment of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks import processes
from benchmarks.peers.environment import python
from benchmarks.timing import Moment, wait_until
from local.part import Part, Program
from local.parts import PYTHON, ROOT

DBOS = "DBOS"
DATABASE = "bench_dbos"
MODULE = "benchmarks.peers.dbos_program"

_OPEN = "SELECT count(*) FROM dbos.workflow_status WHERE completed_at IS NULL"
_LAST = """
    SELECT completed_at / 1000.0 FROM dbos.workflow_status WHERE status = 'SUCCESS'
    ORDER BY created_at DESC, completed_at DESC LIMIT %s
"""


class DbosFailedError(Exception):
    """A command of DBOS's program failed; the message is the end of its log."""


class Dbos:
    """One queue of DBOS's; installed and prepared at first use."""

    def __init__(self, database_url: str, threads: int, log: Path) -> None:
        self._log = log
        self._python = str(python())
        url = f"{database_url.rpartition('/')[0]}/{DATABASE}"
        self._environment = {
            **PYTHON,
            "BENCH_DATABASE_URL": url,
            "BENCH_THREADS": str(threads),
        }
        self._run("prepare")
        self._db = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Leave the database."""
        self._db.close()

    def queue(self, count: int, steps: int) -> None:
        """Enqueue so many workflows, in one transaction."""
        self._run("submit", str(count), str(steps))

    @contextmanager
    def working(self, count: int) -> Iterator[list[Part]]:
        """Run so many worker processes."""
        program = Program(
            name="dbos",
            command=(self._python, "-m", MODULE, "work"),
            folder=ROOT,
            log=self._log,
            environment=self._environment,
        )
        with processes.running([program] * count) as parts:
            yield parts

    def wait(self) -> None:
        """Wait until no workflow is left to do."""
        wait_until(lambda: self._numbers(_OPEN) == [0], DBOS)

    def ends(self, count: int) -> list[Moment]:
        """List when the last so many workflows ended, as DBOS recorded it."""
        return self._numbers(_LAST, count)

    def waits(self, count: int) -> list[float]:
        """Enqueue one by one; list the seconds until each began."""
        waits: list[float] = json.loads(self._run("spaced", str(count)))
        return waits

    def _numbers(self, query: str, *values: int) -> list[float]:
        return [float(row[0]) for row in self._db.execute(query, values)]

    def _run(self, *arguments: str) -> str:
        with self._log.open("a+") as log:
            done = subprocess.run(
                (self._python, "-m", MODULE, *arguments),
                check=False,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._environment},
                text=True,
            )
        if done.returncode:
            raise DbosFailedError(self._log.read_text()[-2000:])
        return done.stdout
