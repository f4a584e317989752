"""Keep parts running, and end them in order.

A part that dies is started again, after a pause that doubles while it keeps
dying.  At the end workers, web and keeper go first, with the grace their jobs
need; only then Valkey, and PostgreSQL last.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from local.part import Part, PartFailedError, stop_together

TICK = timedelta(seconds=0.1)
FIRST_PAUSE = timedelta(seconds=0.2)
LONGEST_PAUSE = timedelta(seconds=5)
# A part that lived this long has recovered: its next pause is the first again.
RECOVERED = timedelta(seconds=10)
HOPELESS = 4


@dataclass
class Watched:
    """A part, how to start it again, and how it has fared.

    `rank` orders the end: rank 0 stops first, equal ranks stop together, each
    with the `patience` of its part.
    """

    part: Part
    launch: Callable[[], None]
    rank: int
    patience: timedelta
    deaths: int = 0
    started: float = 0.0
    revive_at: float | None = None


class Supervisor:
    """Watches parts from the thread that starts them."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._watched: list[Watched] = []
        self._on_change = on_change

    def start(
        self,
        part: Part,
        launch: Callable[[], None],
        *,
        rank: int,
        patience: timedelta,
    ) -> None:
        """Start a part and keep it running; `launch` starts it, now and later."""
        watched = Watched(part, launch, rank, patience)
        self._watched.append(watched)
        watched.launch()
        watched.started = time.monotonic()

    def watch_until(self, done: Callable[[], bool]) -> None:
        """Keep all parts running until `done()`.

        Raises PartFailedError when a part will not start at all.
        """
        while not done():
            self.tick()
            for watched in self._watched:
                if watched.deaths >= HOPELESS:
                    raise PartFailedError(watched.part.name, watched.part.program.log)
            time.sleep(TICK.total_seconds())

    def watch(self) -> None:
        """Keep all parts running for good; a signal handler's exception ends it."""
        while True:
            self.tick()
            time.sleep(TICK.total_seconds())

    def tick(self) -> None:
        """Notice the dead, revive those whose pause is over."""
        now = time.monotonic()
        for watched in self._watched:
            if watched.revive_at is None:
                if not watched.part.alive:
                    self._bury(watched, now)
            elif now >= watched.revive_at:
                self._revive(watched)

    def stop(self) -> None:
        """End all parts, rank by rank; what overstays its patience is killed."""
        for rank in sorted({watched.rank for watched in self._watched}):
            peers = [watched for watched in self._watched if watched.rank == rank]
            patience = max(watched.patience for watched in peers)
            for part in stop_together([watched.part for watched in peers], patience):
                say(f"{part.name} did not end in time and was killed")

    def _bury(self, watched: Watched, now: float) -> None:
        part = watched.part
        lived = timedelta(seconds=now - watched.started)
        watched.deaths = 1 if lived > RECOVERED else watched.deaths + 1
        pause = min(FIRST_PAUSE * 2 ** (watched.deaths - 1), LONGEST_PAUSE)
        watched.revive_at = now + pause.total_seconds()
        ending = _ending(part.exit_code)
        say(f"{part.name} (pid {part.pid}) {ending}; see {part.program.log}")
        # What it leaves in its session would hold its port.
        part.kill()

    def _revive(self, watched: Watched) -> None:
        watched.launch()
        watched.started = time.monotonic()
        watched.revive_at = None
        say(f"{watched.part.name} runs again as pid {watched.part.pid}")
        self._on_change()


def say(line: str) -> None:
    """Tell whoever sits at the terminal; stdout is for programs."""
    # Nobody has to listen: a closed terminal must not end the supervision.
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the console's line


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was killed by signal {-code}"
    return f"ended with {code}"
