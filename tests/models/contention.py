"""Two transactions at once, on real connections, in a known order."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine, text

from tests.waiting import until

T = TypeVar("T")
_BLOCKED = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


@contextmanager
def waiting_behind(
    engine: Engine, owner: Engine, ask: Callable[[Connection], T]
) -> Iterator[Future[T]]:
    """Ask on another connection, and go on once it waits for a lock of ours."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(_once, engine, ask)
        until(lambda: answer.done() or _blocked(owner))
        assert not answer.done(), "it did not wait"
        yield answer


def _once(engine: Engine, ask: Callable[[Connection], T]) -> T:
    with engine.begin() as db:
        return ask(db)


def _blocked(owner: Engine) -> bool:
    with owner.connect() as db:
        return bool(db.scalar(_BLOCKED))
