"""A whole system as a child of a test: `./run up`, held by a handle.

It runs like a user's, so a test may kill, halt and restart its processes from
outside.  Parts beyond those of the supervisor are started with `start_part`; the
supervisor does not know them, so they stay dead when killed.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, Self

from local.folder import DataFolder
from local.identity import LEASH
from local.part import Part, Program
from local.parts import PYTHON, ROOT, grace

SERVERS = {"DATABASE_URL", "WEB_DATABASE_URL", "WORKER_DATABASE_URL", "REDIS_URL"}
MODULES = {
    "worker": ("worker", "threads"),
    "isolated": ("worker", "isolated"),
    "keeper": ("worker", "keeper"),
}


class StackFailedError(Exception):
    """`./run up` ended before it was ready."""

    def __init__(self, complaint: str) -> None:
        super().__init__(f"The system did not start:\n{complaint}")


class Stack:
    """A running system, and the line it printed."""

    def __init__(
        self,
        data: Path,
        *,
        workers: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = DataFolder(data)
        self._workers = workers
        self._environment = environment or {}
        self._extras: list[Part] = []
        self.complaints: list[str] = []

    def start(self) -> Self:
        """Start and wait for the line; raises StackFailedError.

        The system dies with the thread that calls this.
        """
        self._process = self._spawn()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        try:
            line = _stream(self._process.stdout).readline()
        except BaseException:
            self.stop()
            raise
        if not line:
            self.stop()
            raise StackFailedError("".join(self.complaints))
        self.announced: dict[str, Any] = json.loads(line)
        return self

    def _spawn(self) -> subprocess.Popen[str]:
        leash = (str(LEASH), str(os.getpid()), str(int(signal.SIGTERM)), "same")
        options = ("--data", str(self.folder.path), "--workers", str(self._workers))
        up = (sys.executable, "-P", "-m", "local.up", *options)
        return subprocess.Popen(
            (sys.executable, "-I", "-S", *leash, *up),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**_without_servers(), **PYTHON, **self._environment},
            start_new_session=True,
        )

    def __getitem__(self, name: str) -> str:
        """Return a field of the announced line, such as `url` or `apiKey`."""
        return str(self.announced[name])

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._process.pid

    @property
    def pids(self) -> dict[str, Any]:
        """The parts' processes as they are now, after restarts too."""
        pids: dict[str, Any] = self.folder.read("running")["pids"]
        return pids

    def start_part(self, name: str) -> Part:
        """Start one more `worker`, `isolated` or `keeper`, unsupervised."""
        extra = f"extra-{name}-{len(self._extras) + 1}"
        program = Program(
            name=extra,
            command=(sys.executable, "-m", *MODULES[name]),
            folder=ROOT,
            log=self.folder.log(extra),
            environment={**self._environment, **self.folder.read("environment")},
        )
        part = Part(program)
        part.start()
        self._extras.append(part)
        return part

    def kill(self) -> None:
        """End the supervisor like a power cut; the kernel ends its parts."""
        self._process.kill()
        self._close()

    def stop(self) -> int:
        """Stop in order and return the exit code."""
        for part in self._extras:
            part.stop(grace())
        self._process.send_signal(signal.SIGTERM)
        self._process.wait((grace() + timedelta(seconds=10)).total_seconds())
        self._close()
        return self._process.returncode

    def _listen(self) -> None:
        self.complaints.extend(_stream(self._process.stderr))

    def _close(self) -> None:
        self._process.wait()
        self._listener.join()
        _stream(self._process.stdout).close()
        _stream(self._process.stderr).close()


def _without_servers() -> dict[str, str]:
    """Return our environment: another project's database is none of a test's."""
    return {name: value for name, value in os.environ.items() if name not in SERVERS}


def _stream(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ValueError("no pipe")
    return pipe


@contextmanager
def running(
    data: Path, *, workers: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Hold a whole system for the length of a block."""
    stack = Stack(data, workers=workers, environment=environment).start()
    try:
        yield stack
    finally:
        stack.stop()
