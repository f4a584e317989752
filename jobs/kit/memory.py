"""The ledger of a job kind's tests: keeps to the rules of the one in PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from models.jobs import Memo
from models.steps import Nap

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy import Connection

    from jobs.kit.ledger import Signals
    from models.json import Json
    from models.steps import Call

# As in PostgreSQL, a larger result does not come with the claim.
_SMALL = 8192


class Died(BaseException):
    """The worker is killed here: nothing that follows happens."""


class NoDatabaseError(BaseException):
    """The job asked for a database; not an Exception, so that no step retries it."""

    def __init__(self) -> None:
        """Say what to pass."""
        super().__init__(
            "ctx.database() needs run(…, connect=…): a function of the user's id "
            "that opens a transaction."
        )


@dataclass(frozen=True)
class StepRecord:
    """A step as it is recorded, with the names of `job_steps`."""

    state: str
    position: int
    attempt: int
    tries: int = 0
    failures: int = 0
    result: Json = None
    error: str | None = None
    effect: str | None = None
    due_at: datetime | None = None

    @property
    def memo(self) -> Memo:
        """What the next attempt knows of it."""
        large = len(str(self.result)) > _SMALL
        result = None if large else self.result
        said = self.error if self.state == "failed" else None
        return Memo(
            self.state, self.failures, self.tries, self.effect, large, result, said
        )


@dataclass(frozen=True)
class Told:
    """An event for those who watch, with the names of `job_events`."""

    type: str
    name: str
    data: Json


class Plan:
    """Where the job is to be interrupted, and how; each is done once."""

    def __init__(self, **places: str | None) -> None:
        """Take the name of a step by what is to happen there."""
        self._places = {what: name for what, name in places.items() if name}

    @property
    def missed(self) -> list[str]:
        """The steps that were named and never reached."""
        return list(self._places.values())

    def reach(self, what: str, step: str) -> bool:
        """Whether this is to happen here, for the first time."""
        if self._places.get(what) != step:
            return False
        del self._places[what]
        return True


class Job(Protocol):
    """What the ledger writes into."""

    attempts: int
    failures: int
    user_id: UUID
    now: datetime
    steps: dict[str, StepRecord]
    events: list[Told]
    connect: Callable[[UUID], AbstractContextManager[Connection]] | None


class MemoryLedger:
    """Records one attempt of a job under test, and interrupts it as planned."""

    def __init__(self, job: Job, signals: Signals, plan: Plan) -> None:
        """Record into the job."""
        self._job = job
        self._signals = signals
        self._plan = plan

    def commit(
        self, call: Call, result: Json, *, elapsed: timedelta, progress: int | None
    ) -> None:
        """Record a step's result, once, unless the worker is to die before."""
        del elapsed, progress
        if self._plan.reach("crash_in", call.name):
            raise Died
        before = self._before(call)
        done = replace(before, state="completed", result=result, error=None)
        self._record(call, replace(done, tries=before.tries + 1))
        self._reached(call.name)

    def failed_try(
        self, call: Call, error: str, *, elapsed: timedelta, failures: int, state: str
    ) -> None:
        """Count a try that raised."""
        del elapsed
        before = self._before(call)
        seen = replace(before, state=state, failures=failures, error=error)
        self._record(call, replace(seen, tries=before.tries + 1))

    def mark(self, call: Call, state: str, delay: timedelta | None = None) -> None:
        """Record that an effect or a sleep begins."""
        due_at = None if delay is None else self._job.now + delay
        before = self._before(call)
        self._record(call, replace(before, state=state, due_at=due_at))

    def end_sleep(self, call: Call) -> Nap:
        """Complete a sleep whose time has come, by the trial's clock."""
        step = self._job.steps[call.name]
        due_at = step.due_at or self._job.now
        over = due_at <= self._job.now
        if over:
            self._record(call, replace(step, state="completed"))
            self._reached(call.name)
        return Nap(cancelling=False, over=over, due_at=due_at)

    def result(self, name: str) -> Json:
        """Read a result that did not come with the claim."""
        return self._job.steps[name].result

    def tell(self, name: str, data: Json) -> None:
        """Keep a line of the job's log."""
        self._job.events.append(Told("log", name, data))

    def check(self) -> None:
        """Raise if the job was asked to stop."""
        self._signals.interrupt_step()

    def database(self, user_id: UUID) -> AbstractContextManager[Connection]:
        """Open a transaction with the function the test gave; NoDatabaseError."""
        if self._job.connect is None:
            raise NoDatabaseError
        return self._job.connect(user_id)

    def _before(self, call: Call) -> StepRecord:
        fresh = StepRecord("started", call.position, 0, effect=call.effect)
        found = self._job.steps.get(call.name, fresh)
        return replace(found, attempt=self._job.attempts)

    def _record(self, call: Call, step: StepRecord) -> None:
        self._job.steps[call.name] = step
        data = {"state": step.state, "error": step.error}
        self._job.events.append(Told("step", call.name, data))

    def _reached(self, name: str) -> None:
        if self._plan.reach("crash_after", name):
            raise Died
        if self._plan.reach("cancel_after", name):
            self._signals.cancel()
        if self._plan.reach("hand_over_after", name):
            self._signals.drain()
