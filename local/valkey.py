"""The embedded Valkey: a real server of Redis's protocol, on a loopback port."""

import os
import socket
import time
from datetime import timedelta

from local.binaries import VALKEY_MAJOR, valkey_server
from local.folder import DataFolder
from local.orphans import end_orphans
from local.part import Part, PartFailedError, Program
from local.ports import LOOPBACK, free_port

READY_WITHIN = timedelta(seconds=15)
CONFIGURATION = """\
bind {host}
port {port}
dir {data}
requirepass {password}
pidfile {pidfile}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class Valkey:
    """One Valkey server of a data folder."""

    def __init__(self, folder: DataFolder) -> None:
        self._password = folder.secret("redis password")
        # Data written by one major version may be refused, or silently ignored,
        # by another engine: so the name says whose it is.
        self.data = folder.path / f"valkey-{VALKEY_MAJOR}"
        self._pidfile = self.data / "valkey.pid"
        self._configuration = folder.path / "valkey.conf"
        self.port = free_port()
        program = Program(
            name="redis",
            command=(str(valkey_server()), str(self._configuration)),
            folder=self.data,
            log=folder.log("redis"),
        )
        self.part = Part(program)

    @property
    def url(self) -> str:
        """The address, with the password in it."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers; raises PartFailedError."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when it answers; raises PartFailedError."""
        deadline = time.monotonic() + READY_WITHIN.total_seconds()
        while not self._answers():
            if not self.part.alive or time.monotonic() > deadline:
                raise PartFailedError("Valkey", self.part.program.log)
            time.sleep(0.02)

    def launch(self) -> None:
        """Start without waiting, once nothing of an earlier run is left.

        Call it while holding the data folder.
        """
        self.data.mkdir(mode=0o700, exist_ok=True)
        end_orphans(self.data, self._pidfile)
        self._configure()
        self.part.start()

    def _configure(self) -> None:
        """Write a file, for a command line shows its password to everybody."""
        text = CONFIGURATION.format(
            host=LOOPBACK,
            port=self.port,
            data=_quoted(self.data),
            password=self._password,
            pidfile=_quoted(self._pidfile),
        )
        mode = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
        with os.fdopen(os.open(self._configuration, mode, 0o600), "w") as file:
            file.write(text)

    def _answers(self) -> bool:
        """Whether it serves; it refuses while it reads its data.

        Said by hand: importing a client would take longer than the server's start.
        """
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=2) as talk:
                talk.sendall(f"AUTH {self._password}\r\nPING\r\nQUIT\r\n".encode())
                said = talk.makefile("rb").read()
        except OSError:
            return False
        return b"+PONG" in said


def _quoted(path: object) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
