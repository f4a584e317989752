"""What the chaos tests say to a running system: submit over HTTP, look in the rows."""

from collections.abc import Sequence
from typing import Any, Self

import httpx2
import psycopg
from psycopg.rows import namedtuple_row

from local.stack import Stack


class Client:
    """A user of the API, and an eye on the owner's database."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        key = stack["operatorKey"]
        self.http = httpx2.Client(
            base_url=stack["url"],
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def submit(self, **payload: Any) -> str:
        """Start a probe; gives its job id."""
        answer = self.http.post("/api/jobs", json={"kind": "probe", "payload": payload})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["jobId"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        """Read a job as a frontend does."""
        answer = self.http.get(f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rows(self, query: str, *values: Any) -> Sequence[Any]:
        """Read rows as the database's owner; outlives no restart of it."""
        with psycopg.connect(
            self._stack["databaseUrl"], row_factory=namedtuple_row
        ) as connection:
            return connection.execute(query, values).fetchall()

    def states(self, job_ids: Sequence[str]) -> set[str]:
        """Tell which states the jobs are in."""
        rows = self.rows("SELECT DISTINCT state FROM jobs WHERE id = ANY(%s)", job_ids)
        return {row.state for row in rows}

    def are_completed(self, job_ids: Sequence[str]) -> bool:
        """Tell whether all the jobs are completed."""
        return self.states(job_ids) == {"completed"}

    def finished_steps(self, job_id: str) -> list[str]:
        """List the steps that are recorded as completed."""
        rows = self.rows(
            "SELECT name FROM job_steps WHERE job_id = %s AND state = 'completed'"
            " ORDER BY position",
            job_id,
        )
        return [row.name for row in rows]

    def worker_pid(self, job_id: str) -> int | None:
        """Find the process that runs a job right now."""
        rows = self.rows(
            "SELECT w.pid FROM jobs j JOIN workers w ON w.id = j.worker_id"
            " WHERE j.id = %s",
            job_id,
        )
        return rows[0].pid if rows else None
