"""`./run up`: start a whole system, say where it is, keep it running."""

import argparse
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from local.addresses import Addresses, RolesClosedError
from local.folder import FolderInUseError
from local.orphans import OrphanError
from local.part import PartFailedError
from local.parts import ROOT
from local.supervisor import say
from local.system import System

DEFAULT_DATA = ROOT / "var" / "up"
# Where `./run user` looks when it is not told: the folder that was started last.
LATEST = ROOT / "var" / "latest"
STOPPERS = (FolderInUseError, OrphanError, PartFailedError, RolesClosedError)
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="./run up", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=2, help="thread workers")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="var/up")
    asked = parser.parse_args()
    try:
        up(asked.data, port=asked.port, workers=asked.workers)
    except STOPPERS as error:
        sys.exit(str(error))


def up(data: Path, *, port: int, workers: int) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP.

    Prints one JSON line when web is ready.  Raises STOPPERS.
    """
    system = System(data, port=port, workers=workers)
    with system.folder.held():
        _let_signals_raise()
        try:
            addresses = system.start()
            announcement = _announcement(system, addresses)
            system.announce(announcement)
            _remember(system.folder.path)
            _print_line(announcement)
            system.run()
        finally:
            _ignore_signals()
            say("Stopping: the workers hand their jobs over first.")
            system.stop()


def _announcement(system: System, addresses: Addresses) -> dict[str, Any]:
    # SQLAlchemy takes half a second to import: after the parts are on their way.
    from local.keys import standing_keys  # noqa: PLC0415

    return {
        "url": system.url,
        **standing_keys(system.folder, addresses.database, system.url),
        "monitorUrl": f"{system.url}/monitor",
        "databaseUrl": addresses.database,
        "webDatabaseUrl": addresses.web_database,
        "redisUrl": addresses.redis,
        "pids": system.pids,
    }


def _remember(data: Path) -> None:
    with suppress(OSError):  # a checkout that is read-only still runs
        LATEST.write_text(str(data.resolve()))


def _print_line(announcement: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(announcement) + "\n")
    sys.stdout.flush()


def _let_signals_raise() -> None:
    for number in STOPPING:
        # `nohup` ignores SIGHUP on purpose.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _exit)


def _ignore_signals() -> None:
    """Let nothing interrupt the stop; it ends by itself."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    main()
