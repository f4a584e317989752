"""Isolated attempts: each in a process of its own, forked from a clean server.

The fork server is the standard library's: it has one thread, and the job kinds
loaded.  It ignores SIGTERM, as the children do: the parent decides, and whoever
loses its parent dies with it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

import structlog

from jobs.kit.attempt import HandedOver, Lost, Outcome
from models import transitions
from models.database import worker_autocommit
from models.persistence import persist
from models.states import Reason
from worker import overrun
from worker.child import CANCEL, DRAIN, Note, main
from worker.recording import by_process

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

    from worker.desk import Seat

_log = structlog.get_logger(__name__)
_LOOK = 0.2
# How long a child that has hung up may take to end.
_LAST_WORDS = 1.0
# A payload that ended its own process this often is not run again.
OWN_DEATHS = 3


def fork_server() -> ForkServerContext:
    """Start the server before any thread exists, deaf to a group's SIGTERM."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["worker.child", "worker.preload"])
    # Blocked, not ignored: a stop that comes meanwhile still reaches this process.
    # The server and its children keep the mask.
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        first = context.Process(target=bool)
        first.start()
        first.join()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
    return context


def in_child(context: ForkServerContext) -> Callable[[Seat], Outcome]:
    """Give the function that carries an attempt out in a child."""

    def carry_out(seat: Seat) -> Outcome:
        ours, theirs = context.Pipe()
        proved_at = seat.signals.proved_at
        child = context.Process(target=main, args=(theirs, seat.claimed, proved_at))
        child.start()
        theirs.close()
        try:
            return _attend(seat, child, ours)
        finally:
            child.kill()
            child.join()
            ours.close()

    return carry_out


def _attend(seat: Seat, child: ForkServerProcess, pipe: Connection) -> Outcome:
    """Pass word both ways until the child ends, is lost, or takes too long."""
    told: set[str] = set()
    while True:
        ready = wait([child.sentinel, pipe], _LOOK)
        outcome = _hear(seat, child, pipe) if ready else None
        if outcome is not None:
            return outcome
        if seat.signals.lost:
            return Lost()
        if _is_overrun(seat):
            child.kill()
            overrun.count(seat, seat.doing.step)
            return Lost()
        _tell(seat, pipe, told)


def _hear(seat: Seat, child: ForkServerProcess, pipe: Connection) -> Outcome | None:
    """Take in what the child says, or that it says nothing more.

    A pipe whose other end is gone is ready for ever, with nothing in it.
    """
    try:
        said = pipe.recv() if pipe.poll() else None
    except (EOFError, OSError):
        said = None
    if said is None:
        child.join(_LAST_WORDS)
        return _died(seat, child.exitcode)
    if isinstance(said, Note):
        seat.doing.step, seat.doing.progress, seat.doing.note = said
        return None
    outcome: Outcome = said
    return outcome


def _tell(seat: Seat, pipe: Connection, told: set[str]) -> None:
    asked = {DRAIN: seat.signals.draining, CANCEL: seat.signals.cancelling}
    for word in {word for word, wanted in asked.items() if wanted} - told:
        told.add(word)
        with contextlib.suppress(OSError):
            pipe.send(word)


def _is_overrun(seat: Seat) -> bool:
    step, now = seat.doing.step, time.monotonic()
    return seat.deadline < now or (step is not None and step.deadline < now)


def _died(seat: Seat, code: int | None) -> Outcome:
    """Blame the payload for its process's death, unless it may go on elsewhere."""
    cause = _cause(code)
    held = seat.claimed.held
    deaths = persist(
        worker_autocommit(), lambda db: transitions.count_own_death(db, held)
    )
    _log.error("child died", cause=cause, deaths=deaths)
    if deaths is None:
        return Lost()
    if deaths < OWN_DEATHS:
        return HandedOver()
    message = f"The job ended its own process {deaths} times ({cause})."
    return by_process(Reason.QUARANTINED, "Quarantined", message)


def _cause(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    if -code == signal.SIGKILL:
        return "killed, probably out of memory"
    return signal.Signals(-code).name
