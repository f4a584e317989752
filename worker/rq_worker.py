"""RQ's worker with its loop, registration and dashboard; slots do the work.

Built on the seams RQ leaves to subclasses: `execute_job`, the dequeue step, and
the stop request.  Nothing that stands in a queue is called: only ids are read.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from jobs.kit.redis import AWAY, impatient
from worker.slots import Slots

if TYPE_CHECKING:
    from redis import Redis

_log = structlog.get_logger(__name__)
_BLOCK = 1  # seconds: how long an idle worker takes to notice a stop
_HEARTBEAT = 5.0
_CLEARED_AT_ONCE = 20
_MOST_AT_ONCE = 8


class _Delivered(Job):
    """An RQ job of which nothing but the id is read."""

    def __init__(self, name: str) -> None:
        self._id = name


class QueueWorker(BaseWorker):
    """Takes ids while a slot is free and gives each to a slot."""

    def __init__(
        self, queues: list[str], redis: Redis, slots: Slots, on_stop: Callable[[], None]
    ) -> None:
        """Serve the queues; `on_stop` is called in the signal handler."""
        super().__init__(
            queues,
            connection=redis,
            serializer=JSONSerializer,
            worker_ttl=60,
            log_job_description=False,
        )
        self._slots = slots
        self._on_stop = on_stop
        self._beat_at = 0.0
        self._keys = [queue.key for queue in self.queues]
        self._done: deque[str] = deque()
        self._popped: deque[str] = deque()

    def forget(self, key: str) -> None:
        """Delete an RQ job that is done, together with others, some time soon."""
        self._done.append(key)

    def _clear(self) -> None:
        keys = [self._done.popleft() for _ in range(len(self._done))]
        if keys:
            self.connection.unlink(*keys)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Give the id to the slot that was kept free for it."""
        del queue
        self._slots.give(job.id)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a free slot, then for an id; None: stop was asked for."""
        del timeout, max_idle_time
        while not self._stop_requested:
            self.heartbeat()
            if not self._popped and self._slots.reserve(_BLOCK):
                self._pop_for_free_slots()
            if self._popped:
                return _Delivered(self._popped.popleft()), self.queues[0]
        return None

    def leftover(self) -> list[str]:
        """Give up the ids that were taken and not begun, with their slots."""
        names = list(self._popped)
        self._popped.clear()
        for name in names:
            self._slots.release()
            # What is left of this delivery would keep the next push from its list.
            self.forget(Job.key_for(name))
        with suppress(*AWAY):
            self._clear()
        return names

    def _pop_for_free_slots(self) -> None:
        """Take an id for each slot that is free; one is reserved already."""
        reserved = 1
        while reserved < _MOST_AT_ONCE and self._slots.reserve(0):
            reserved += 1
        try:
            self._popped.extend(self._pop(reserved))
        except AWAY as error:
            _log.warning("redis away", error=type(error).__name__)
            time.sleep(random.uniform(0.2, 1))  # noqa: S311 - spreads reconnects
        for _ in range(reserved - len(self._popped)):
            self._slots.release()

    def _pop(self, count: int) -> list[str]:
        if len(self._done) >= _CLEARED_AT_ONCE:
            self._clear()
        keys = self._keys
        answer: Any = self.connection.execute_command(  # type: ignore[no-untyped-call]
            "BLMPOP", _BLOCK, len(keys), *keys, "LEFT", "COUNT", count
        )
        if answer is None:
            self._clear()
            return []
        key = answer[0].decode()
        # The queue that was served goes to the end: none starves another.
        self._keys.remove(key)
        self._keys.append(key)
        return [name.decode(errors="replace") for name in answer[1]]

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Keep RQ's registration alive; every few seconds is enough."""
        if time.monotonic() - self._beat_at > _HEARTBEAT:
            self._beat_at = time.monotonic()
            super().heartbeat(timeout, pipeline)

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Take no further ids; attempts under way are asked to hand over."""
        del signum, frame
        self._stop_requested = True
        # Not in the handler itself: it may hold any lock of the main thread.
        threading.Thread(target=self._on_stop, name="drain", daemon=True).start()

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - RQ's signature
        """Pausing is PostgreSQL's business, not RQ's."""

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """RQ's own cleaning would be a second truth."""
        return False

    def subscribe(self) -> None:
        """Take no commands from Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    def procline(self, message: str) -> None:
        """Leave the process's name alone."""

    def teardown(self) -> None:
        """Leave RQ's registration; an absent Redis forgets it by itself."""
        # Two minutes of patience would be taken from the jobs' hand-over.
        self.connection = impatient()
        try:
            self.register_death()  # type: ignore[no-untyped-call]
        except RedisError as error:
            _log.warning("redis away", error=type(error).__name__)
