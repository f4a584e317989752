"""One PostgreSQL and one Valkey for the whole run, migrated by the release program.

A test that asks for `db` or `redis` starts with empty ones; nobody waits for a
server twice.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, create_engine, text

from jobs.kit import redis as kit_redis
from local.addresses import Addresses
from local.release import release
from local.servers import Servers, running
from models import database, keys
from models.settings import read, settings
from models.tables import metadata

_ENGINES = (
    database.web_engine,
    database.worker_engine,
    database.worker_autocommit,
)
_CACHES = (
    settings,
    *_ENGINES,
    kit_redis.impatient,
    kit_redis.patient,
)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running(tmp_path_factory.mktemp("servers") / "data") as started:
        yield started


@pytest.fixture(scope="session")
def addresses(servers: Servers) -> Addresses:
    """Where the servers are, once the schema is there and the roles may log in."""
    release(servers.folder, servers.addresses)
    return servers.addresses


@pytest.fixture(scope="session")
def owner(addresses: Addresses) -> Iterator[Engine]:
    """The engine of the database's owner: sees and changes everything."""
    engine = create_engine(
        read({"DATABASE_URL": addresses.database}).database_url,
        isolation_level="AUTOCOMMIT",
        connect_args={"options": "-c timezone=UTC -c synchronous_commit=off"},
    )
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def environment(
    addresses: Addresses, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What a process of the service is told; this process reads it too."""
    told = {
        "DATABASE_URL": addresses.database,
        "WEB_DATABASE_URL": addresses.web_database,
        "WORKER_DATABASE_URL": addresses.worker_database,
        "REDIS_URL": addresses.redis,
        "NIGHTWORK_DATA": str(tmp_path_factory.mktemp("data")),
        "ISOLATED_CHILDREN": "2",
        "SHUTDOWN_GRACE": "2",
        "LOG_LEVEL": "error",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        forget_caches()
        yield told
        forget_caches()


def forget_caches() -> None:
    """Let settings be read and connections be made anew."""
    for engine in _ENGINES:
        if engine.cache_info().currsize:
            engine().dispose()
    for cached in _CACHES:
        cached.cache_clear()


@pytest.fixture
def emptied(owner: Engine, environment: dict[str, str]) -> Engine:
    """The owner's engine over tables without rows."""
    # Deleting a few rows is some thirty times faster than TRUNCATE.
    deletes = ", ".join(
        f"d{number} AS (DELETE FROM {table.name})"  # noqa: S608 - our own tables
        for number, table in enumerate(metadata.sorted_tables)
    )
    with owner.connect() as db:
        db.execute(text(f"WITH {deletes} SELECT 1"))
    return owner


@pytest.fixture
def engine(emptied: Engine) -> Engine:
    """The engine of a worker process."""
    return database.worker_engine()


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    """A worker's connection; each statement is a transaction of its own."""
    with database.worker_autocommit().connect() as connection:
        yield connection


@pytest.fixture
def web(emptied: Engine) -> Engine:
    """The engine of a web process: sees nothing until it speaks for somebody."""
    return database.web_engine()


@pytest.fixture
def new_user(emptied: Engine) -> Callable[[str], UUID]:
    """Makes users."""

    def make(name: str) -> UUID:
        with emptied.connect() as owner_db:
            return keys.create_user(owner_db, name)

    return make


@pytest.fixture
def user(new_user: Callable[[str], UUID]) -> UUID:
    """Somebody whose jobs these are."""
    return new_user("Ada")


@pytest.fixture
def redis(environment: dict[str, str]) -> Iterator[Redis]:
    """The real Valkey as workers reach it, emptied."""
    client = kit_redis.patient()
    client.flushall()
    yield client
    client.connection_pool.disconnect()


class Calls(list[Any]):
    """Remembers what was really called, in its order."""

    def note(self, call: Any, answer: Any = None) -> Any:
        """Take part in a job as a step does."""
        self.append(call)
        return answer


@pytest.fixture
def calls() -> Calls:
    return Calls()
