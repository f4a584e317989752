"""The attempts that are under way in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from jobs.kit.doing import Doing
from jobs.kit.ledger import Signals

if TYPE_CHECKING:
    from jobs.kit.kinds import JobKind
    from models.jobs import Claimed, Held


@dataclass(eq=False)
class Seat:
    """One attempt: what it holds, what it is doing, and how to reach it."""

    claimed: Claimed
    kind: JobKind[Any]
    signals: Signals = field(default_factory=Signals)
    doing: Doing = field(default_factory=Doing)
    since: float = field(default_factory=time.monotonic)
    ended: bool = False

    @property
    def deadline(self) -> float:
        """When the attempt has taken too long, by the monotonic clock."""
        # What is left is to record the outcome, however long the database is away.
        if self.ended:
            return math.inf
        return self.since + self.kind.timeout.total_seconds()


class Desk:
    """Known to the threads that work, the one that renews, and the one that stops."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._seats: set[Seat] = set()
        self._hung: set[Seat] = set()
        self._draining = False

    @contextmanager
    def seat(
        self, claimed: Claimed, kind: JobKind[Any], *, proved_at: float | None = None
    ) -> Iterator[Seat]:
        """Take a seat for one attempt; `proved_at`: when its claim began."""
        seat = Seat(claimed, kind)
        if proved_at is not None:
            seat.signals.proved_at = proved_at
        with self._lock:
            self._seats.add(seat)
            if self._draining:
                seat.signals.drain()
        try:
            yield seat
        finally:
            with self._lock:
                self._seats.discard(seat)
                self._hung.discard(seat)

    def seats(self) -> list[Seat]:
        """List the attempts that still count."""
        with self._lock:
            return [seat for seat in self._seats if seat not in self._hung]

    def held(self) -> set[Held]:
        """List what is held here, also by threads that hang."""
        with self._lock:
            return {seat.claimed.held for seat in self._seats}

    def give_up(self, seat: Seat) -> None:
        """Note that a thread hangs: its job was taken from it."""
        with self._lock:
            # It may have ended just now; then nothing would take it off the list.
            if seat in self._seats:
                self._hung.add(seat)

    @property
    def hung(self) -> int:
        """Count the threads that hang."""
        with self._lock:
            return len(self._hung)

    def drain(self) -> None:
        """Ask every attempt, also one that begins just now, to hand over."""
        with self._lock:
            self._draining = True
            seats = list(self._seats)
        for seat in seats:
            seat.signals.drain()

    def abandon(self) -> None:
        """Tell every attempt that its worker was given up for dead."""
        for seat in self.seats():
            seat.signals.lose()
