"""Live events: one poller a process reads for everybody who watches.

A watcher says which job and after which number; the poller asks PostgreSQL for the
news of all watched jobs at once, and asks nothing while nobody watches.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Condition, Thread
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from models import event_log
from models.database import as_operator, web_engine
from models.event_log import Event
from models.settings import settings

_TURN = timedelta(seconds=0.3)
_AFTER_TROUBLE = timedelta(seconds=2)
_AT_ONCE = 500
_log = structlog.get_logger("web")


@dataclass(eq=False)
class Watcher:
    """One stream: what it watches, how far it is, and what has come in."""

    job_id: UUID
    seen: int
    inbox: SimpleQueue[Event] = field(default_factory=SimpleQueue)

    def next(self, patience: timedelta) -> Event | None:
        """Wait for the next event; None: nothing happened for so long."""
        try:
            return self.inbox.get(timeout=patience.total_seconds())
        except Empty:
            return None


class TooManyError(Exception):
    """Every place for a stream is taken."""


class Watch:
    """All streams of this process, and the thread that feeds them."""

    def __init__(self, places: int) -> None:
        self.closing: Callable[[], bool] = lambda: False
        self._places = BoundedSemaphore(places)
        self._watchers: set[Watcher] = set()
        self._changed = Condition()
        self._poller: Thread | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a stream's place; raises TooManyError at once when none is free."""
        if not self._places.acquire(blocking=False):
            raise TooManyError
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def following(self, job_id: UUID, seen: int) -> Iterator[Watcher]:
        """Watch a job for events after a number."""
        watcher = Watcher(job_id, seen)
        with self._changed:
            self._watchers.add(watcher)
            self._start()
            self._changed.notify()
        try:
            yield watcher
        finally:
            with self._changed:
                self._watchers.discard(watcher)

    def _start(self) -> None:
        # Only now: a thread begun before the server forks would be lost.
        if self._poller is None or not self._poller.is_alive():
            self._poller = Thread(target=self._poll, name="watch", daemon=True)
            self._poller.start()

    def _poll(self) -> None:
        pause = _TURN
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watchers)
                watchers = list(self._watchers)
            try:
                self._feed(watchers)
                pause = _TURN
            except SQLAlchemyError as error:
                _log.warning("no news: the database is away", error=str(error)[:200])
                pause = _AFTER_TROUBLE
            self._pause(pause, len(watchers))

    def _pause(self, pause: timedelta, known: int) -> None:
        """Wait for the next turn, or for somebody new who should not wait."""
        with self._changed:
            until = time.monotonic() + pause.total_seconds()
            while (left := until - time.monotonic()) > 0:
                if self._changed.wait(left) and len(self._watchers) > known:
                    return

    @staticmethod
    def _feed(watchers: list[Watcher]) -> None:
        afters: dict[UUID, int] = {}
        for watcher in watchers:
            least = afters.get(watcher.job_id, watcher.seen)
            afters[watcher.job_id] = min(least, watcher.seen)
        with as_operator(web_engine()) as db:
            news = event_log.news(db, afters.items(), each=_AT_ONCE)
        for job_id, event in news:
            for watcher in watchers:
                if watcher.job_id == job_id and event.seq > watcher.seen:
                    watcher.seen = event.seq
                    watcher.inbox.put(event)


@cache
def watch() -> Watch:
    """Give this process's streams."""
    return Watch(settings().web_streams)
