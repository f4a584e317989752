"""The embedded PostgreSQL: its folder, its settings, its address."""

import os
import signal
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from local.binaries import POSTGRES_MAJOR
from local.folder import DataFolder
from local.identity import SAME, Identity
from local.orphans import end_orphans
from local.part import Part, PartFailedError, Program
from local.ports import LOOPBACK, free_port

OWNER = "nightwork"
DATABASE = "nightwork"
MAX_CONNECTIONS = 200
READY_WITHIN = timedelta(seconds=30)
SETTINGS = {
    "listen_addresses": LOOPBACK,
    # No socket in the file system: its path may be at most 107 bytes long.
    "unix_socket_directories": "",
    "max_connections": str(MAX_CONNECTIONS),
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """One PostgreSQL server of a data folder."""

    def __init__(self, folder: DataFolder, identity: Identity = SAME) -> None:
        self._identity = identity
        self._password = folder.secret("owner password")
        self._home = identity.place(folder.path)
        self.data = self._home / f"postgres-{POSTGRES_MAJOR}"
        self.port = free_port()
        self.part = Part(self._program(folder.log("postgres")))

    def start(self) -> None:
        """Start and wait until it answers; raises PartFailedError."""
        self.prepare()
        self.launch()
        self.wait_until_ready()

    def prepare(self) -> None:
        """Make the cluster the first time; raises PartFailedError."""
        if not self.data.exists():
            self._make_cluster()

    def launch(self) -> None:
        """Start without waiting, once nothing of an earlier run is left.

        Call it while holding the data folder.
        """
        end_orphans(self.data, self.data / "postmaster.pid")
        self.part.start()

    @property
    def url(self) -> str:
        """The owner's address, with the password in it."""
        who = f"{OWNER}:{self._password}"
        return f"postgresql://{who}@{LOOPBACK}:{self.port}/{DATABASE}"

    def _program(self, log: Path) -> Program:
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        server = self._identity.binaries() / "postgres"
        place = ("-D", str(self.data), "-p", str(self.port))
        return Program(
            name="postgres",
            command=(str(server), *place, *options),
            folder=self.data,
            log=log,
            identity=self._identity.name,
            # SIGTERM would wait for every client to go away by itself.
            stop=signal.SIGINT,
            orphaned=signal.SIGINT,
        )

    def _make_cluster(self) -> None:
        """Run initdb beside the final place, so that half a cluster never counts."""
        self._home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._home, prefix="initdb-") as made:
            folder = Path(made)
            self._identity.give(folder)
            self._run_initdb(folder)
            (folder / "cluster").rename(self.data)

    def _run_initdb(self, folder: Path) -> None:
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        self._identity.give(password)
        log = self.part.program.log
        initdb = Program(
            name="initdb",
            command=(
                str(self._identity.binaries() / "initdb"),
                f"--pgdata={folder / 'cluster'}",
                f"--username={OWNER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                # The same order of text on every machine.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ),
            folder=folder,
            log=log,
            identity=self._identity.name,
        )
        making = Part(initdb)
        making.start()
        if not making.wait(READY_WITHIN) or making.exit_code:
            making.kill()
            raise PartFailedError("initdb", log)

    def wait_until_ready(self) -> None:
        """Return when it answers and has our database; raises PartFailedError."""
        deadline = time.monotonic() + READY_WITHIN.total_seconds()
        while not self._answers():
            if not self.part.alive or time.monotonic() > deadline:
                raise PartFailedError("PostgreSQL", self.part.program.log)
            time.sleep(0.02)
        self._make_database()

    def _answers(self) -> bool:
        address = self.url.removesuffix(DATABASE) + "postgres"
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make_database(self) -> None:
        """Create our database, unless the cluster has it from an earlier start."""
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            self._createdb()

    def _createdb(self) -> None:
        createdb = str(self._identity.binaries() / "createdb")
        where = ("-h", LOOPBACK, "-p", str(self.port), "-U", OWNER)
        password = {**os.environ, "PGPASSWORD": self._password}
        subprocess.run((createdb, *where, DATABASE), check=True, env=password)
