"""Slots: as many jobs at once as a worker process may carry."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Semaphore

import structlog

_log = structlog.get_logger(__name__)


class Slots:
    """A thread each; a slot is reserved before an id is taken from a queue."""

    def __init__(self, count: int, work: Callable[[str], None]) -> None:
        """Carry `work(name)` out for each name that is given."""
        self._free = Semaphore(count)
        self._work = work
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="slot")
        self._busy = 0
        self._changed = Condition()

    def reserve(self, seconds: float) -> bool:
        """Wait for a free slot; False: none within that time."""
        return self._free.acquire(timeout=seconds)

    def release(self) -> None:
        """Give a reserved slot back unused."""
        self._free.release()

    def give(self, name: str) -> None:
        """Use a reserved slot."""
        with self._changed:
            self._busy += 1
        self._pool.submit(self._run, name)

    def wait_idle(self, seconds: float) -> bool:
        """Wait until no slot is in use; False: some still are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, timeout=seconds)

    def _run(self, name: str) -> None:
        try:
            self._work(name)
        except Exception:  # noqa: BLE001 - said below
            # Whatever this is, it is ours: the job is moved on by the rescuer.
            _log.exception("slot failed", name=name)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify_all()
            self._free.release()
