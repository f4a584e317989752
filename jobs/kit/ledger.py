"""Where a running job records itself, and how it hears that it must stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Protocol, TypeVar

from jobs.kit.errors import CancelRequested, HandOver, LeaseLost
from models import database, steps
from models.persistence import persist

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from models.jobs import Held
    from models.json import Json
    from models.steps import Call, Nap, Proof

T = TypeVar("T")
# A proof of holding the job is good for this long: a worker is given up after 8 s.
FRESH = 5.0


@dataclass(slots=True)
class Signals:
    """What the world tells a running attempt; written by other threads."""

    lost: bool = False
    cancelling: bool = False
    draining: bool = False
    # When (monotonic) the last proof that the job is ours began.
    proved_at: float = field(default_factory=time.monotonic)
    changed: Event = field(default_factory=Event)

    def interrupt_step(self) -> None:
        """Interrupt even the step under way, if nobody wants its result."""
        if self.lost:
            raise LeaseLost
        if self.cancelling:
            raise CancelRequested

    def interrupt_job(self) -> None:
        """Interrupt between two steps, also for a worker that is stopping."""
        self.interrupt_step()
        if self.draining:
            raise HandOver

    def wait(self, length: timedelta) -> None:
        """Wait in place, at most until there is something to hear."""
        self.changed.wait(length.total_seconds())

    def pause(self, length: timedelta) -> None:
        """Wait in place; raises early if nobody wants the step's result any more."""
        until = time.monotonic() + length.total_seconds()
        while (left := until - time.monotonic()) > 0:
            if self.changed.wait(left):
                self.interrupt_step()
                time.sleep(min(left, 0.05))

    def lose(self) -> None:
        """Tell that a later attempt owns the job."""
        self.lost = True
        self.changed.set()

    def cancel(self) -> None:
        """Tell that somebody asked the job to stop."""
        self.cancelling = True
        self.changed.set()

    def drain(self) -> None:
        """Tell that the worker is stopping."""
        self.draining = True
        self.changed.set()


class Ledger(Protocol):
    """What a context needs; the tests of job kinds have one in memory."""

    def commit(
        self, call: Call, result: Json, *, elapsed: timedelta, progress: int | None
    ) -> None:
        """Record a step's result, once."""

    def failed_try(
        self, call: Call, error: str, *, elapsed: timedelta, failures: int, state: str
    ) -> None:
        """Count a try that raised; `state` is the step's from then on."""

    def mark(self, call: Call, state: str, delay: timedelta | None = None) -> None:
        """Record that an effect or a sleep begins."""

    def end_sleep(self, call: Call) -> Nap:
        """Complete a sleep whose time has come."""

    def result(self, name: str) -> Json:
        """Read a memoised result that did not come with the claim."""

    def tell(self, name: str, data: Json) -> None:
        """Write a line for those who watch."""

    def check(self) -> None:
        """Raise unless the attempt still holds the job and may go on."""

    def database(self, user_id: UUID) -> AbstractContextManager[Connection]:
        """Open one transaction as the job's user."""


class PostgresLedger:
    """Every write names the attempt and its claim; LeaseLost when they are gone."""

    def __init__(self, held: Held, signals: Signals) -> None:
        """Record for one attempt."""
        self._held = held
        self._signals = signals

    def commit(
        self, call: Call, result: Json, *, elapsed: timedelta, progress: int | None
    ) -> None:
        """Record a step's result; repeated until it has landed or is refused."""
        self._prove(
            lambda db: steps.commit(
                db, self._held, call, result, elapsed=elapsed, progress=progress
            )
        )

    def failed_try(
        self, call: Call, error: str, *, elapsed: timedelta, failures: int, state: str
    ) -> None:
        """Count a try that raised."""
        self._prove(
            lambda db: steps.failed_try(
                db,
                self._held,
                call,
                error,
                elapsed=elapsed,
                failures=failures,
                state=state,
            )
        )

    def mark(self, call: Call, state: str, delay: timedelta | None = None) -> None:
        """Record that an effect or a sleep begins; this is its fence, too."""
        self._prove(lambda db: steps.mark(db, self._held, call, state, delay=delay))

    def end_sleep(self, call: Call) -> Nap:
        """Complete a sleep whose time has come."""
        nap = self._ask(lambda db: steps.end_sleep(db, self._held, call))
        if nap is None:
            raise LeaseLost
        return nap

    def result(self, name: str) -> Json:
        """Read a large memoised result."""
        return self._ask(lambda db: steps.large_result(db, self._held, name))

    def tell(self, name: str, data: Json) -> None:
        """Write a log line into the job's events."""
        self._prove(lambda db: steps.tell(db, self._held, "log", name, data))

    def check(self) -> None:
        """Ask the database only when the last proof is not fresh."""
        self._signals.interrupt_step()
        if time.monotonic() - self._signals.proved_at > FRESH:
            self._prove(lambda db: steps.holds(db, self._held))
            self._signals.interrupt_step()

    @contextmanager
    def database(self, user_id: UUID) -> Iterator[Connection]:
        """Open one transaction that sees only the user's rows."""
        with database.as_user(database.worker_engine(), user_id) as db:
            yield db

    def _prove(self, ask: Callable[[Connection], Proof | None]) -> None:
        began = time.monotonic()
        proof = self._ask(ask)
        if proof is None:
            self._signals.lose()
            raise LeaseLost
        self._signals.proved_at = began
        if proof.cancelling:
            self._signals.cancel()

    def _ask(self, ask: Callable[[Connection], T]) -> T:
        return persist(
            database.worker_autocommit(),
            ask,
            given_up=self._is_lost,
            settle=lambda db: steps.settle(db, self._held),
        )

    def _is_lost(self) -> bool:
        return self._signals.lost
