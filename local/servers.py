"""Both embedded servers of one data folder, together."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from local.addresses import Addresses, for_roles
from local.folder import DataFolder
from local.identity import Identity, choose
from local.postgres import Postgres
from local.valkey import Valkey

STOPS_WITHIN = timedelta(seconds=10)


class Servers:
    """A running PostgreSQL and Valkey, their addresses, and ways to hurt them."""

    def __init__(self, data: Path, identity: Identity | None = None) -> None:
        self.folder = DataFolder(data)
        self._resources = ExitStack()
        self._resources.enter_context(self.folder.held())
        self.postgres = Postgres(self.folder, identity or choose())
        self.valkey = Valkey(self.folder)

    @property
    def addresses(self) -> Addresses:
        """All addresses; those of the roles open with `local.release.release`."""
        return for_roles(self.folder, self.postgres.url, self.valkey.url)

    @property
    def database_url(self) -> str:
        """The owner's address: a superuser, for migrations."""
        return self.addresses.database

    @property
    def web_database_url(self) -> str:
        """The web role's address."""
        return self.addresses.web_database

    @property
    def worker_database_url(self) -> str:
        """The worker role's address."""
        return self.addresses.worker_database

    @property
    def redis_url(self) -> str:
        """Valkey's address, with the password in it."""
        return self.addresses.redis

    def start(self) -> None:
        """Start both; raises PartFailedError, and then leaves none running."""
        try:
            self.valkey.start()
            self.postgres.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop both cleanly, Valkey first, and give the folder up."""
        self.valkey.part.stop(STOPS_WITHIN)
        self.postgres.part.stop(STOPS_WITHIN)
        self._resources.close()

    def kill_postgres(self) -> None:
        """End the postmaster like a crash would."""
        self.postgres.part.signal(signal.SIGKILL)
        self.postgres.part.wait(STOPS_WITHIN)

    def restart_postgres(self) -> None:
        """Stop it unless it is down, then start it on the same port and data."""
        self.postgres.part.stop(STOPS_WITHIN)
        self.postgres.start()

    def kill_valkey(self) -> None:
        """End it like a crash would."""
        self.valkey.part.kill()

    def restart_valkey(self) -> None:
        """Stop it unless it is down, then start it on the same port and data."""
        self.valkey.part.stop(STOPS_WITHIN)
        self.valkey.start()


def start(data: Path, identity: Identity | None = None) -> Servers:
    """Start PostgreSQL and Valkey on `data`; they die with this process.

    Raises FolderInUseError and PartFailedError.  Call it from a thread that
    lives as long as the servers shall.
    """
    servers = Servers(data, identity)
    servers.start()
    return servers


@contextmanager
def running(data: Path, identity: Identity | None = None) -> Iterator[Servers]:
    """Both servers, for the length of a block."""
    servers = start(data, identity)
    try:
        yield servers
    finally:
        servers.stop()
