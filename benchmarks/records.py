"""What an outside observer reads from Nightwork's rows, as the database's owner."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg

from benchmarks.timing import Moment

_OPEN = "SELECT count(*) FROM jobs WHERE state IN ('pending', 'running', 'waiting')"
_SPOILT = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND state <> 'completed'"
_ENDS = "SELECT extract(epoch FROM finished_at) FROM jobs WHERE id = ANY(%s)"
_CLAIMS = """
    SELECT job_id, extract(epoch FROM at) FROM job_events
    WHERE job_id = ANY(%s) AND attempt = %s AND name = 'claimed'
"""
_HOLDER = """
    SELECT w.pid FROM jobs j JOIN workers w ON w.id = j.worker_id WHERE j.id = %s
"""
_READY = """
    SELECT count(*) FROM workers
    WHERE pid = ANY(%s) AND dead_at IS NULL AND stopped_at IS NULL
"""


class UnfinishedError(Exception):
    """Jobs of a batch did not complete: its figures mean nothing."""


class Records:
    """One connection of the observer's own."""

    def __init__(self, database_url: str) -> None:
        self._db = psycopg.connect(database_url, autocommit=True)

    def close(self) -> None:
        """Leave the database."""
        self._db.close()

    def is_drained(self) -> bool:
        """Tell whether no job is left to do."""
        return self._number(_OPEN) == 0

    def ends(self, jobs: Sequence[UUID]) -> list[Moment]:
        """List when the jobs completed; raises UnfinishedError when one did not."""
        if spoilt := self._number(_SPOILT, jobs):
            raise UnfinishedError(f"{spoilt} of {len(jobs)} jobs did not complete")
        return [float(row[0]) for row in self._db.execute(_ENDS, (list(jobs),))]

    def claims(self, jobs: Sequence[UUID], attempt: int = 1) -> dict[UUID, Moment]:
        """Tell when a worker took each job, for the attempt with this number."""
        rows = self._db.execute(_CLAIMS, (list(jobs), attempt))
        return {job: float(at) for job, at in rows}

    def holder(self, job: UUID) -> int | None:
        """Find the process that runs the job now."""
        row = self._db.execute(_HOLDER, (job,)).fetchone()
        return row[0] if row else None

    def are_ready(self, pids: Sequence[int]) -> bool:
        """Tell whether all these workers have begun their lease."""
        return self._number(_READY, pids) == len(pids)

    def _number(self, query: str, *values: Sequence[Any]) -> int:
        row = self._db.execute(query, [list(value) for value in values]).fetchone()
        return int(row[0]) if row else 0
