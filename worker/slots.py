"""Slots: as many jobs at once as a worker process may carry."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import structlog

_log = structlog.get_logger(__name__)


class Slots:
    """A thread each; a slot is reserved before an id is taken from a queue."""

    def __init__(self, count: int, work: Callable[[str], None]) -> None:
        """Carry `work(name)` out for each name that is given."""
        self._count = count
        self._free = Semaphore(count)
        self._work = work
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="slot")

    def reserve(self, seconds: float) -> bool:
        """Wait for a free slot; False: none within that time."""
        return self._free.acquire(timeout=seconds)

    def release(self) -> None:
        """Give a reserved slot back unused."""
        self._free.release()

    def give(self, name: str) -> None:
        """Use a reserved slot."""
        self._pool.submit(self._run, name)

    def wait_idle(self, seconds: float) -> bool:
        """Reserve every slot, and keep them; False: some are still in use."""
        deadline = time.monotonic() + seconds
        return all(
            self._free.acquire(timeout=max(0.0, deadline - time.monotonic()))
            for _ in range(self._count)
        )

    def _run(self, name: str) -> None:
        try:
            self._work(name)
        except Exception:  # noqa: BLE001 - said below
            # Whatever this is, it is ours: the job is moved on by the lease.
            _log.exception("slot failed", name=name)
        finally:
            self._free.release()
