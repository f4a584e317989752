"""The process of one isolated attempt."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple

from structlog.contextvars import bound_contextvars

from jobs.kit.attempt import run
from jobs.kit.context import Context
from jobs.kit.doing import Doing, StepUnderWay
from jobs.kit.kinds import catalogue
from jobs.kit.ledger import PostgresLedger, Signals
from jobs.kit.logs import configure
from models.settings import settings

if TYPE_CHECKING:
    from models.jobs import Claimed

DRAIN = "drain"
CANCEL = "cancel"
_PR_SET_PDEATHSIG = 1


class Note(NamedTuple):
    """What the attempt is doing, as the child tells its parent."""

    step: StepUnderWay | None
    progress: int | None
    note: str | None


class _Told(Doing):
    """Passes every change on to the parent, who times it and shows it."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self._pipe = pipe

    def begin(self, step: StepUnderWay) -> None:
        super().begin(step)
        self._pass_on()

    def end(self) -> None:
        super().end()
        self._pass_on()

    def tell(self, progress: int | None, note: str | None) -> None:
        super().tell(progress, note)
        self._pass_on()

    def _pass_on(self) -> None:
        self._pipe.send(Note(self.step, self.progress, self.note))


def main(pipe: Connection, claimed: Claimed, proved_at: float) -> None:
    """Run the attempt and send how it came out; the parent records it."""
    _die_with_parent()
    configure(settings())
    signals = Signals(proved_at=proved_at)
    threading.Thread(target=_listen, args=(pipe, signals), daemon=True).start()
    kind = catalogue()[claimed.kind]
    held = claimed.held
    ctx = Context(
        claimed,
        PostgresLedger(held, signals),
        signals,
        retry=kind.retry,
        doing=_Told(pipe),
    )
    with bound_contextvars(
        job_id=str(held.job_id), kind=kind.name, attempt=held.attempt
    ):
        pipe.send(run(kind, ctx, claimed.payload))


def _listen(pipe: Connection, signals: Signals) -> None:
    """Take the parent's word; without a parent there is nothing left to do."""
    while True:
        try:
            word = pipe.recv()
        except (EOFError, OSError):
            os._exit(1)
        if word == DRAIN:
            signals.drain()
        elif word == CANCEL:
            signals.cancel()


def _die_with_parent() -> None:
    """Be killed when the fork server goes; it goes when its worker does."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Every child is given an end of the pipe by whose closing the server hears that
    # its worker has gone.  While one is open, server and children would live on.
    alive = forkserver._forkserver._forkserver_alive_fd  # type: ignore[attr-defined]  # noqa: SLF001
    os.close(alive)
    server = os.getppid()
    if hasattr(signal, "SIGKILL") and os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != server:
        os._exit(1)
