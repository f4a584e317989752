"""Servers that outlived their supervisor, and must not meet their successors."""

import os
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

SERVERS = ("postgres", "valkey-server")
PATIENCE = timedelta(seconds=5)
MERCY = timedelta(seconds=3)


class OrphanError(Exception):
    """A process of an earlier run works in the folder and will not end."""

    def __init__(self, folder: Path, pids: list[int]) -> None:
        super().__init__(f"Processes {pids} still work in {folder}; end them first.")


def end_orphans(folder: Path, pidfile: Path) -> None:
    """End every server process that works in `folder`; drop a stale pid file.

    Call it while holding the data folder: then whatever works in there has lost
    its supervisor.  A pid in a left-over file may by now belong to anybody, so
    the file is believed only where the kernel cannot be asked (not on Linux).
    """
    began = time.monotonic()
    while pids := _working_in(folder, pidfile):
        waited = timedelta(seconds=time.monotonic() - began)
        if waited > PATIENCE:
            raise OrphanError(folder, pids)
        for pid in pids:
            _send(pid, signal.SIGKILL if waited > MERCY else signal.SIGINT)
        time.sleep(0.05)
    pidfile.unlink(missing_ok=True)


def _working_in(folder: Path, pidfile: Path) -> list[int]:
    processes = Path("/proc")
    if not (processes / "self").exists():
        return _named_in(pidfile)
    return [
        int(entry.name)
        for entry in processes.iterdir()
        if entry.name.isdigit() and _works_in(entry, folder)
    ]


def _works_in(process: Path, folder: Path) -> bool:
    try:
        here = (process / "cwd").readlink() == folder.resolve()
        return here and (process / "comm").read_text().strip() in SERVERS
    except OSError:
        return False  # ended meanwhile, or another user's: never one of ours


def _named_in(pidfile: Path) -> list[int]:
    """Ask `ps`, on a system without /proc."""
    try:
        pid = pidfile.read_text().split()[0]
    except (OSError, IndexError):
        return []
    ask = ["ps", "-p", pid, "-o", "comm="]
    said = subprocess.run(ask, check=False, capture_output=True, text=True).stdout
    return [int(pid)] if Path(said.strip()).name in SERVERS else []


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
