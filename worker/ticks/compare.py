"""Compares what PostgreSQL believes delivered with what stands in Redis.

A popped id may be lost with the worker that popped it, and all of them with Redis.
What is missing at two comparisons in a row is delivered again, under a new number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from jobs.kit import delivery
from models import dead_letters, deliveries

if TYPE_CHECKING:
    from redis import Redis
    from sqlalchemy import Engine

_log = structlog.get_logger(__name__)
_BATCH = 10_000


class Comparison:
    """Remembers what was missing the last time."""

    def __init__(self, engine: Engine, redis: Redis) -> None:
        """Begin without suspicion."""
        self._engine = engine
        self._redis = redis
        self._missing: set[str] = set()

    def tick(self) -> int:
        """Deliver again what is missing; gives how many."""
        if self._is_redis_new():
            return self._rebuild()
        with self._engine.begin() as db:
            dues = deliveries.unclaimed(db, batch=_BATCH)
        if not dues:
            self._missing = set()
            return 0
        standing = delivery.standing(self._redis, {due.queue for due in dues})
        named = {delivery.rq_id(due.id, due.delivery): due for due in dues}
        missing = set(named) - standing
        lost = [named[name] for name in missing & self._missing]
        self._missing = missing
        if not lost:
            return 0
        _log.warning("deliveries lost", count=len(lost))
        with self._engine.begin() as db:
            return deliveries.deliver_again(db, lost)

    def _is_redis_new(self) -> bool:
        return bool(self._redis.set(delivery.EPOCH, uuid4().hex, nx=True))

    def _rebuild(self) -> int:
        """Fill an emptied Redis from PostgreSQL."""
        with self._engine.begin() as db:
            forgotten = deliveries.forget(db)
            dead_letters.show_again(db)
        _log.warning("redis came back empty", rebuilt=forgotten)
        return forgotten
