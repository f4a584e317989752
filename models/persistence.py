"""Recording that outlives an outage of the database.

An error of the engine's own connection is never an error of the job: the same
statement is repeated until it lands.  The statements bear being repeated, for the
answer to a COMMIT may be lost while the COMMIT was not.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InvalidRequestError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

T = TypeVar("T")
_log = structlog.get_logger(__name__)
# The hot statements raise the driver's own errors.
_AWAY = (
    PoolTimeoutError,
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
# A fail-over is under way, and this server is not, or no longer, the first one.
_SECOND = psycopg.errors.ReadOnlySqlTransaction
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0


class GivenUpError(Exception):
    """The outage lasted until nobody wanted the answer any more."""


def is_outage(error: Exception) -> bool:
    """Tell a database that is away from a statement that is wrong."""
    if isinstance(error, _AWAY) or _is_of_second(error):
        return True
    if isinstance(error, InvalidRequestError):
        # The pool met two dead connections in a row.
        return "connection is closed" in str(error)
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_of_second(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, _SECOND)


def persist(
    engine: Engine,
    write: Callable[[Connection], T],
    *,
    given_up: Callable[[], bool] = bool,
    settle: Callable[[Connection], object] = bool,
) -> T:
    """Do one piece of recording, however long the database is away.

    `settle` comes before each repeat: it waits for a first try that may still be
    under way in the server.  Raises GivenUpError when `given_up` says so in an outage.
    """
    wait = _FIRST_WAIT
    while True:
        try:
            with engine.connect() as db:
                if wait > _FIRST_WAIT:
                    settle(db)
                    db.commit()
                try:
                    answer = write(db)
                    db.commit()
                except Exception as error:
                    if _is_of_second(error):
                        # Or else the pool would offer the same server again.
                        db.invalidate()
                    raise
                return answer
        except Exception as error:
            if not is_outage(error):
                raise
            if given_up():
                raise GivenUpError from error
            _log.warning("database away", error=type(error).__name__, wait=wait)
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT)
