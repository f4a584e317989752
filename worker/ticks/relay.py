"""Hands due jobs to Redis, a bounded window of ids at a time.

Several keepers may run: rows are taken with SKIP LOCKED, and a push under the same
number is done once.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from jobs.kit import delivery
from models import deliveries, leases

if TYPE_CHECKING:
    from redis import Redis
    from sqlalchemy import Connection, Engine

_RECENT = 0.1  # seconds: what was started lately tells how fast a queue empties
_SLOTS_KNOWN_FOR = 1.0
_SAID_AGAIN = 4.0


class Relay:
    """Fills each queue up to its window: slots - 1, or what started in 0.1 s."""

    def __init__(self, engine: Engine, redis: Redis) -> None:
        """Remember what was pushed lately."""
        self.is_behind = False
        self._engine = engine
        self._redis = redis
        self._slots: dict[str, int] = {}
        self._slots_at = self._announced_at = float("-inf")
        self._pushed: dict[str, deque[float]] = defaultdict(deque)

    def tick(self) -> int:
        """Push what there is room for; gives how many ids went out."""
        with self._engine.begin() as db:
            waiting = deliveries.queues_with_work(db)
            self._refresh_slots(db)
        self.is_behind = False
        if not waiting:
            return 0
        lengths = delivery.lengths(self._redis, waiting)
        return sum(self._fill(queue, lengths[queue]) for queue in waiting)

    def _fill(self, queue: str, length: int) -> int:
        room = self._window(queue) - length
        if room <= 0:
            self._fall_behind(queue)
            return 0
        # Committed before the push: an id lost in between is missed by the
        # comparison, while an uncommitted one could be claimed unseen.
        with self._engine.begin() as db:
            dues = deliveries.take(db, queue, room=room)
        if dues:
            delivery.push_all(self._redis, dues)
        if len(dues) == room:
            self._fall_behind(queue)
        self._pushed[queue].extend([time.monotonic()] * len(dues))
        return len(dues)

    def _fall_behind(self, queue: str) -> None:
        """Older jobs wait: look again soon, and let no newer one overtake them."""
        self.is_behind = True
        delivery.announce(self._redis, {}, [queue])

    def _window(self, queue: str) -> int:
        pushed = self._pushed[queue]
        while pushed and pushed[0] < time.monotonic() - _RECENT:
            pushed.popleft()
        return max(self._slots.get(queue, 1) - 1, len(pushed), 1)

    def _refresh_slots(self, db: Connection) -> None:
        now = time.monotonic()
        if now - self._slots_at < _SLOTS_KNOWN_FOR:
            return
        before, self._slots, self._slots_at = self._slots, leases.served(db), now
        if self._slots != before or now - self._announced_at > _SAID_AGAIN:
            self._announced_at = now
            delivery.announce(self._redis, self._slots, [])
