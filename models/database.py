"""Connections, and who speaks on them.

Row-level security decides by the database role and by the setting `nw.user_id`.
Web logs in as `nightwork_web`, which sees one user's rows; workers log in as
`nightwork_worker`, the engine, which sees all jobs.  Job code never runs as the
engine: `as_user` puts on the web role for one transaction.
"""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError

from models.settings import settings

# Nobody's rows: what an unset user compares with.
_WEAR = text(
    "SELECT set_config('role', :role, true), set_config('nw.user_id', :user, true)"
)
_SPEAK_FOR = text("SELECT set_config('nw.user_id', :user, true)")
_SPEAKER = text(
    "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
)


_ROOM = text("""
    SELECT CAST(current_setting('max_connections') AS integer)
         - CAST(current_setting('superuser_reserved_connections') AS integer)
         - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
""")


class TooPowerfulRoleError(Exception):
    """The role would not be held back by row-level security."""

    def __init__(self, url: str) -> None:
        """Name the setting, never the address: it holds a password."""
        super().__init__(
            f"The role of {url} is SUPERUSER or BYPASSRLS; use nightwork_web and "
            "nightwork_worker (docs/operations.md, 'Database roles')."
        )


def make_engine(
    url: str, *, pool_size: int, overflow: int = 2, options: str = "", **more: Any
) -> Engine:
    """Connect lazily; a peer that is gone is noticed within 5 s."""
    prepare = 5 if settings().prepared_statements else None
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=10,
        pool_recycle=1800,
        # What is bound to a statement are payloads and results: not for error texts.
        hide_parameters=True,
        **more,
        connect_args={
            "connect_timeout": 5,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 2,
            "prepare_threshold": prepare,
            "options": f"-c timezone=UTC {options}",
            "application_name": "nightwork",
        },
    )
    event.listen(engine, "checkout", _refuse_stale)
    return engine


def _refuse_stale(connection: Any, _record: object, _proxy: object) -> None:
    """Leave a connection whose server has hung up: there is something to read."""
    if connection.closed:
        raise InvalidatePoolError
    readable = select.poll()
    readable.register(connection.fileno(), select.POLLIN)
    if readable.poll(0):
        # All others of the pool are as old, and as dead.
        raise InvalidatePoolError


@cache
def web_engine() -> Engine:
    """Give the pool of a web part."""
    # A search that finds nothing in a huge table must not hold a thread for ever.
    return make_engine(
        settings().web_url,
        pool_size=min(settings().web_threads, 10),
        options="-c statement_timeout=15000",
    )


# The engine's statements find their rows by keys: planned once, not each time.
_BY_KEYS = "-c plan_cache_mode=force_generic_plan -c jit=off"


@cache
def worker_engine() -> Engine:
    """Give the pool for transactions of workers and keepers, and of job code."""
    return make_engine(
        settings().worker_url,
        pool_size=2,
        overflow=min(settings().worker_threads, 10),
        options=_BY_KEYS,
    )


@cache
def worker_autocommit() -> Engine:
    """Give the pool for single statements: each is a transaction, one round trip."""
    threads = max(settings().worker_threads, settings().isolated_children)
    return make_engine(
        settings().worker_url,
        pool_size=min(threads, 10),
        options=_BY_KEYS,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
    )


@contextmanager
def as_user(engine: Engine, user_id: UUID) -> Iterator[Connection]:
    """Open one transaction that sees and changes only this user's rows."""
    with engine.begin() as db:
        db.execute(_WEAR, {"role": "nightwork_web", "user": str(user_id)})
        yield db


@contextmanager
def as_operator(engine: Engine) -> Iterator[Connection]:
    """Open one transaction that sees every user's rows; the caller checked scopes."""
    with engine.begin() as db:
        db.execute(_WEAR, {"role": "nightwork_operator", "user": ""})
        yield db


def speak_for(db: Connection, user_id: UUID) -> None:
    """Go on, in the same transaction, as another user."""
    db.execute(_SPEAK_FOR, {"user": str(user_id)})


def refuse_powerful_role(engine: Engine, setting: str) -> None:
    """Stop a web or worker part whose role ignores row-level security."""
    with engine.connect() as db:
        if any(db.execute(_SPEAKER).one()):
            raise TooPowerfulRoleError(setting)


def room(engine: Engine) -> int:
    """Count the connections the server has left for a part that starts."""
    with engine.connect() as db:
        return int(db.execute(_ROOM).scalar_one())


def wait_until_up(engine: Engine, *, seconds: float = 30) -> None:
    """Return when the database answers; raises the last error after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with engine.connect() as db:
                db.execute(text("SELECT 1"))
        except DBAPIError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
