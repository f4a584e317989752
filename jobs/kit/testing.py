"""Runs a job kind in a test: no server, no worker, and no waiting.

`run` carries a job on, attempt after attempt, through back-offs and sleeps, until
it ends, is held, or is made to crash.  The ledger is in memory and keeps to the
rules of the real one; the code of the job, its steps and its retries is real.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jobs.kit import attempt
from jobs.kit.attempt import (
    Crashed,
    HandedOver,
    Lost,
    Outcome,
    Returned,
    Stopped,
    Suspended,
)
from jobs.kit.context import Context
from jobs.kit.doing import Doing
from jobs.kit.ledger import Signals
from jobs.kit.memory import Died, MemoryLedger, Plan, StepRecord, Told
from models.jobs import Claimed, Held
from models.json import dump
from models.states import Reason, State

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobs.kit.kinds import JobKind
    from models.json import Json

__all__ = ["Crash", "NotReachedError", "StepRecord", "Told", "Trial", "Wait", "run"]

Connect = Callable[[UUID], AbstractContextManager["Connection"]]


class NotReachedError(AssertionError):
    """The job did not come to the place where it was to be interrupted."""


@dataclass(frozen=True)
class Crash:
    """The worker was killed; the next attempt goes on from what was recorded."""


@dataclass(frozen=True)
class Wait:
    """A wait that was skipped: why, and how long it would have taken."""

    reason: Reason
    length: timedelta


class _Hurried(Signals):
    """Waits for nothing; only the ledger's clock moves."""

    def wait(self, length: timedelta) -> None:
        """Go on at once."""
        del length

    def pause(self, length: timedelta) -> None:
        """Go on at once, unless nobody wants the step's result any more."""
        del length
        self.interrupt_step()


@dataclass
class Trial:
    """One job in a test; what it did so far, and ways to carry it on."""

    kind: JobKind[Any]
    payload: dict[str, Any]
    connect: Connect | None = None
    outcome: Outcome | Crash | None = None
    state: State = State.PENDING
    attempts: int = 0
    failures: int = 0
    waits: list[Wait] = field(default_factory=list)
    job_id: UUID = field(default_factory=uuid4)
    user_id: UUID = field(default_factory=uuid4)
    # What the job knows as time: it moves only when a wait is skipped.
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: dict[str, StepRecord] = field(default_factory=dict)
    events: list[Told] = field(default_factory=list)

    @property
    def result(self) -> Json:
        """What the job returned; raises NotReachedError unless it has completed."""
        if not isinstance(self.outcome, Returned):
            message = f"The job has not completed: {self.outcome!r}"
            raise NotReachedError(message)
        return self.outcome.result

    def run(
        self,
        *,
        crash_after: str | None = None,
        crash_in: str | None = None,
        cancel_after: str | None = None,
        hand_over_after: str | None = None,
    ) -> Trial:
        """Carry the job on until it ends, is held, or is interrupted as asked.

        `crash_after` kills the worker when that step is recorded; `crash_in` after
        its effect, before the record.  The others ask the job to stop, or to go on
        elsewhere, with that step.  Raises NotReachedError when it never comes there.
        """
        plan = Plan(
            crash_after=crash_after,
            crash_in=crash_in,
            cancel_after=cancel_after,
            hand_over_after=hand_over_after,
        )
        self._attempt(plan)
        while self.state is State.PENDING and not isinstance(self.outcome, Crash):
            self._attempt(plan)
        if plan.missed:
            message = f"The job never came to the end of {', '.join(plan.missed)}."
            raise NotReachedError(message)
        return self

    def _attempt(self, plan: Plan) -> None:
        self.attempts += 1
        self.state = State.RUNNING
        signals = _Hurried()
        ledger = MemoryLedger(self, signals, plan)
        ctx = Context(
            self._claimed(), ledger, signals, retry=self.kind.retry, doing=Doing()
        )
        try:
            self.outcome = attempt.run(self.kind, ctx, self.payload)
        except Died:
            self.outcome = Crash()
        self.state = self._move(self.outcome)

    def _claimed(self) -> Claimed:
        memo = {name: step.memo for name, step in self.steps.items()}
        held = Held(self.job_id, self.attempts, uuid4())
        kind = self.kind
        queue = kind.queue_for(self.payload)
        return Claimed(
            held, self.user_id, kind.name, queue, self.failures, self.payload, memo
        )

    def _move(self, outcome: Outcome | Crash) -> State:
        match outcome:
            case Returned():
                return State.COMPLETED
            case Stopped():
                return State.CANCELLED
            case Suspended(cause) if cause.reason is Reason.HOLD:
                return State.WAITING
            case Suspended(cause):
                length = cause.delay or timedelta(0)
                self._skip(cause.reason, (cause.until or self.now) + length)
            case Crashed():
                return self._count(outcome)
            case HandedOver() | Lost() | Crash():
                pass
        return State.PENDING

    def _count(self, crash: Crashed) -> State:
        self.failures += 1
        delay = attempt.next_try(self.kind.retry, crash, self.failures)
        if delay is None:
            return State.FAILED
        self._skip(Reason.BACKOFF, self.now + delay)
        return State.PENDING

    def _skip(self, reason: Reason, until: datetime) -> None:
        self.waits.append(Wait(reason, until - self.now))
        self.now = max(self.now, until)


def run(
    kind: JobKind[Any],
    payload: Any = None,
    *,
    connect: Connect | None = None,
    **interruption: str | None,
) -> Trial:
    """Start a job and carry it on; see `Trial.run` for how to interrupt it.

    `payload` is what a client would send.  `connect` gives `ctx.database()` its
    transaction.  Raises pydantic's ValidationError and NotReachedError.
    """
    accepted = json.loads(dump(kind.accept({} if payload is None else payload)))
    return Trial(kind, accepted, connect).run(**interruption)
