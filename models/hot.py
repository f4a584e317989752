"""The statements that run at every claim, step and end, without SQLAlchemy's share.

They go through the driver's connection beneath a SQLAlchemy one: the pool, the
transaction and the recovery stay the same, two thirds of the client's time do not.
"""

import re
from typing import Any

from sqlalchemy import Connection

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


class Statement:
    """SQL, prepared by the driver after some uses."""

    def __init__(self, sql: str) -> None:
        """Keep a constant of a module of `models`, its parameters written `:name`."""
        written = _PARAMETER.sub(r"%(\1)s", " ".join(sql.split()))
        self._sql = written

    def one(self, db: Connection, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """Run it; gives its only row, or None."""
        driver: Any = db.connection.driver_connection
        if not (driver.autocommit or db.in_transaction()):
            # Or else SQLAlchemy knows of nothing that `commit` had to commit.
            db.begin()
        row: tuple[Any, ...] | None = driver.execute(self._sql, values).fetchone()
        return row
