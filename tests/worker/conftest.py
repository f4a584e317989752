"""A worker without its process: a desk, a lease's row, and deliveries by hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine

from jobs.kit import JobKind, catalogue
from models import transitions
from models.states import State
from tests.factories import a_job, a_worker, alter, state
from tests.kinds import forgotten
from worker.desk import Desk
from worker.execute import CarryOut, execute, in_thread


@pytest.fixture(autouse=True)
def _forget_kinds() -> Iterator[None]:
    with forgotten():
        yield


@dataclass
class Hand:
    """Delivers ids to a worker one by one."""

    db: Connection
    owner: Engine
    user: UUID
    desk: Desk
    worker_id: UUID

    def submit(
        self, kind: JobKind[Any] | str, payload: Any = None, **more: Any
    ) -> UUID:
        """A job of a kind; a payload that is not given is empty."""
        name = kind if isinstance(kind, str) else kind.name
        known = catalogue().get(name)
        accepted = known.accept(payload or {}) if known else payload or {}
        return a_job(self.db, self.user, kind=name, payload=accepted, **more)

    def deliver(
        self, job_id: UUID, number: int = 1, carry_out: CarryOut = in_thread
    ) -> State:
        """One delivery; gives where the job is afterwards."""
        execute(self.desk, self.worker_id, job_id, number, carry_out)
        return state(self.owner, job_id)

    def wake(self, job_id: UUID) -> None:
        """Let a job's wait be over."""
        alter(self.owner, "jobs", "due_at = now()", id=job_id)
        transitions.resume(self.db, batch=10)

    def finish(self, job_id: UUID) -> State:
        """Deliver until the job has ended, skipping its waits."""
        for number in range(1, 20):
            reached = self.deliver(job_id, number)
            if reached not in {State.PENDING, State.WAITING}:
                return reached
            self.wake(job_id)
        message = "the job does not come to its end"
        raise AssertionError(message)


@pytest.fixture
def hand(db: Connection, owner: Engine, user: UUID) -> Hand:
    worker = a_worker(db, queues=("probe", "probe-isolated"))
    return Hand(db, owner, user, Desk(), worker)


@pytest.fixture
def soon() -> timedelta:
    return timedelta(seconds=0.2)
