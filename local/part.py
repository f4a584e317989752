"""One process of the running system: how it starts, how it ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from local.identity import LEASH

PATIENCE = timedelta(seconds=2)


class PartFailedError(Exception):
    """A part did not come up."""

    def __init__(self, name: str, log: Path) -> None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        super().__init__(f"{name} did not start. The end of {log}:\n{tail}")


@dataclass(frozen=True)
class Program:
    """What a part runs, and which signals it understands.

    `stop` asks it to end; `orphaned` is what the kernel sends it when its
    supervisor is gone.  Both its streams go to `log`.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: str = "same"
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGKILL


class Part:
    """A program and the process that runs it, if one does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The word for this part in messages and log names."""
        return self.program.name

    @property
    def pid(self) -> int:
        """The process; raises RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError(self.name)
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs (a stopped one does)."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the process ended: negative for a signal, None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Start the process, in a session of its own.

        A Ctrl-C or a SIGTERM to the supervisor's group would otherwise reach the
        database before the jobs are handed over.  The kernel ties the child to
        the thread that starts it, so that thread has to outlive the part.
        """
        program = self.program
        leash = (str(os.getpid()), str(int(program.orphaned)), program.identity)
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(
                (sys.executable, "-I", "-S", str(LEASH), *leash, *program.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.folder,
                env={**os.environ, **program.environment},
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Send the stop signal; a process that was halted is woken to hear it."""
        self.signal(self.program.stop)
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, patience: timedelta) -> bool:
        """Wait for the end; return whether it came in time."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, patience.total_seconds()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process like a power cut would, with all of its session."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self, patience: timedelta = PATIENCE) -> None:
        """Ask, wait, then kill."""
        self.ask_to_stop()
        if not self.wait(patience):
            self.kill()


def stop_together(parts: list[Part], patience: timedelta) -> list[Part]:
    """Ask all parts at once, kill those that are not done in time, return these."""
    for part in parts:
        part.ask_to_stop()
    deadline = time.monotonic() + patience.total_seconds()
    late = [
        part
        for part in parts
        if not part.wait(timedelta(seconds=deadline - time.monotonic()))
    ]
    for part in late:
        part.kill()
    return late
