"""Ends worker processes at random moments, and remembers what they held."""

import os
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.part import Part
from local.stack import Stack
from tests.chaos.client import Client

_HELD = """
    SELECT j.id, j.attempt FROM jobs j JOIN workers w ON w.id = j.worker_id
    WHERE w.pid = %s AND w.stopped_at IS NULL AND w.dead_at IS NULL
"""


@dataclass(frozen=True)
class Blow:
    """One worker that was ended: how, when, and the attempts it had."""

    number: int
    at: datetime
    held: tuple[tuple[str, int], ...]


@dataclass
class Monkey:
    """Keeps so many workers of its own running, and ends them one by one."""

    stack: Stack
    client: Client
    dice: random.Random
    crew: list[Part] = field(default_factory=list)
    blows: list[Blow] = field(default_factory=list)

    def hire(self, count: int) -> None:
        """Start workers that no supervisor restarts."""
        self.crew += [self.stack.start_part("worker") for _ in range(count)]

    def strike(self, number: int) -> None:
        """End a random worker, and start another in its place."""
        victim = self.dice.choice(self.crew)
        self.crew.remove(victim)
        pid = victim.pid
        assert pid is not None
        held = tuple((str(row.id), row.attempt) for row in self.client.rows(_HELD, pid))
        os.kill(pid, number)
        self.blows.append(Blow(number, datetime.now(UTC), held))
        self.hire(1)

    def rampage(
        self, counts: Mapping[signal.Signals, int], pause: tuple[float, float]
    ) -> None:
        """Strike as often as asked, in random order, after random pauses (s)."""
        numbers = [number for number, count in counts.items() for _ in range(count)]
        self.dice.shuffle(numbers)
        for number in numbers:
            time.sleep(self.dice.uniform(*pause))
            self.strike(number)


def moved_on_after(client: Client, blow: Blow) -> list[float]:
    """Measure, in seconds, how soon the attempts it cut off were followed by others.

    Attempts that came to their end in the worker's grace have no follower.
    """
    waits = []
    for job_id, attempt in blow.held:
        rows = client.rows(
            "SELECT at FROM job_events WHERE job_id = %s AND attempt = %s"
            " AND name = 'claimed'",
            job_id,
            attempt + 1,
        )
        waits += [(row.at - blow.at).total_seconds() for row in rows]
    return waits


NAMES = {signal.SIGTERM: "SIGTERM", signal.SIGKILL: "kill -9"}
