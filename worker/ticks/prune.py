"""Deletes what has been kept long enough, a batch at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from models import retention
from models.settings import settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BATCH = 1000


def prune(engine: Engine) -> int:
    """Delete one batch; gives how many rows went."""
    keep = retention.Keep(
        completed=timedelta(days=settings().keep_completed_days),
        failed=timedelta(days=settings().keep_failed_days),
        events=timedelta(days=settings().keep_events_days),
    )
    with engine.begin() as db:
        return retention.prune(db, keep, batch=_BATCH)
