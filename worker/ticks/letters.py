"""Keeps RQ's failed registry in step with the dead letters that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.kit import delivery
from models import dead_letters

if TYPE_CHECKING:
    from redis import Redis
    from sqlalchemy import Engine

_BATCH = 200


def show(engine: Engine, redis: Redis) -> int:
    """Show new dead letters, hide settled ones; gives how many."""
    with engine.begin() as db:
        letters = dead_letters.unshown(db, batch=_BATCH)
    if letters:
        delivery.show_failed(redis, letters)
        with engine.begin() as db:
            dead_letters.mark_shown(db, [letter.id for letter in letters])
    with engine.begin() as db:
        settled = dead_letters.settled(db)
    if settled:
        delivery.hide_failed(redis, settled)
    return len(letters) + len(settled)
