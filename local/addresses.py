"""Where a system's servers are, and the passwords of its database roles."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from local.folder import DataFolder

ROLES = ("nightwork_web", "nightwork_worker")


class RolesClosedError(Exception):
    """The owner may not open the database to web and workers."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(
            f"DATABASE_URL may not set passwords ({str(error).strip()}). Set "
            "WEB_DATABASE_URL and WORKER_DATABASE_URL."
        )


@dataclass(frozen=True)
class Addresses:
    """The database for its owner, web and worker, and Redis."""

    database: str
    web_database: str
    worker_database: str
    redis: str


def for_roles(folder: DataFolder, database: str, redis: str) -> Addresses:
    """Return the addresses of servers whose roles get the folder's passwords."""
    web, worker = (for_role(database, role, folder.secret(role)) for role in ROLES)
    return Addresses(database, web, worker, redis)


def for_role(database: str, role: str, password: str) -> str:
    """Return the owner's address, changed to another role."""
    address = urlsplit(plain(database))
    where = address.netloc.rpartition("@")[2]
    return urlunsplit(address._replace(netloc=f"{role}:{quote(password)}@{where}"))


def plain(database: str) -> str:
    """Return the address without a driver's name, as libpq takes it."""
    scheme, separator, rest = database.partition("://")
    return f"{scheme.partition('+')[0]}{separator}{rest}"


def admit_roles(folder: DataFolder, database: str) -> None:
    """Give web and worker the folder's passwords; the migration made the roles.

    libpq hashes them here, so the server's log can't show one.  Raises
    RolesClosedError.
    """
    try:
        with psycopg.connect(plain(database), autocommit=True) as connection:
            for role in ROLES:
                password = folder.secret(role)
                connection.pgconn.change_password(role.encode(), password.encode())
    except psycopg.Error as error:
        raise RolesClosedError(error) from error
