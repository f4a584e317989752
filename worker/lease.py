"""This process's lease: one row in `workers`, renewed every 2 s from its own thread."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from uuid_utils.compat import uuid7

from models import leases, transitions
from models.database import make_engine
from models.leases import Doing as Report
from models.leases import Process
from models.settings import settings
from worker.overrun import take_back

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from jobs.kit.doing import StepUnderWay
    from models.jobs import Held
    from worker.desk import Desk, Seat

_log = structlog.get_logger(__name__)
RENEWAL = 2.0
_LOOK = 0.5
# A step is shown as running once it has taken this long.
_WORTH_SHOWING = 1.0
# A process that burns this much of a processor between two renewals holds the
# interpreter's lock and silences its neighbours.
STALL = 15.0


class Lease:
    """Renews, reports what the jobs do, and brings back who must stop."""

    def __init__(
        self, desk: Desk, role: str, queues: list[str], slots: int, name: str
    ) -> None:
        """Describe this process; `register` begins the lease."""
        self._desk = desk
        self._role = role
        self._queues = queues
        self._slots = slots
        self._name = name
        # A connection of its own: a busy pool must not cost the lease.
        self._engine = make_engine(settings().worker_url, pool_size=1)
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self._strays: set[Held] = set()
        self.worker_id: UUID = uuid7()
        self.on_drain: Callable[[], None] = lambda: None

    def register(self) -> None:
        """Begin a lease under a new id."""
        worker_id = uuid7()
        process = Process(
            worker_id,
            self._name,
            socket.gethostname(),
            os.getpid(),
            self._role,
            self._queues,
            self._slots,
        )
        with self._autocommit.connect() as db:
            leases.register(db, process)
        self.worker_id = worker_id

    def start(self) -> None:
        """Renew from now on."""
        self._thread.start()

    def drain(self) -> None:
        """Show that this worker takes no further jobs."""
        self._say_last(leases.drain)

    def end(self) -> None:
        """Stop renewing and free whatever is still held."""
        self._ended.set()
        self._say_last(leases.end)

    def _say_last(self, say: Callable[[Connection, UUID], None]) -> None:
        """Tell the database, if it is there: its absence must not keep a process."""
        try:
            with self._autocommit.connect() as db:
                say(db, self.worker_id)
        except SQLAlchemyError as error:
            _log.warning("database away", error=type(error).__name__)

    def _run(self) -> None:
        due = 0.0
        while not self._ended.wait(_LOOK):
            self._take_back_overrun()
            if time.monotonic() < due:
                continue
            due = time.monotonic() + RENEWAL
            # The kernel ends the process by SIGPROF unless it is wound up again.
            signal.setitimer(signal.ITIMER_PROF, STALL)
            try:
                self._renew()
            except SQLAlchemyError as error:
                _log.warning("lease not renewed", error=type(error).__name__)
                due = time.monotonic() + _LOOK

    def _renew(self) -> None:
        began = time.monotonic()
        seats = self._desk.seats()
        with self._autocommit.connect() as db:
            draining = leases.renew(db, self.worker_id, hung=self._desk.hung)
            if draining is None:
                self._start_over()
                return
            held = leases.report(db, [_report(seat) for seat in seats]) if seats else {}
            self._return_strays(db)
        for seat in seats:
            self._tell(seat, began, cancelling=held.get(seat.claimed.held.job_id))
        if draining or self._desk.hung * 4 > self._slots:
            self.on_drain()

    def _return_strays(self, db: Connection) -> None:
        """Hand over jobs we hold without knowing: the answer to a claim was lost."""
        sat_on = self._desk.held()
        strays = leases.claimed_by(db, self.worker_id) - sat_on
        for held in strays & self._strays:
            _log.warning("stray claim", job_id=str(held.job_id))
            transitions.hand_over(db, held) or transitions.stop(db, held)
        self._strays = strays

    def _tell(self, seat: Seat, began: float, *, cancelling: bool | None) -> None:
        if cancelling is None:
            # Ended by itself meanwhile, or taken: either way it may not publish.
            seat.signals.lose()
            return
        seat.signals.proved_at = max(seat.signals.proved_at, began)
        if cancelling:
            seat.signals.cancel()

    def _start_over(self) -> None:
        """Abandon everything: a dead worker's row can't be renewed."""
        if self._ended.is_set():
            return
        _log.error("given up for dead; starting over")
        self._desk.abandon()
        self.register()

    def _take_back_overrun(self) -> None:
        now = time.monotonic()
        for seat in self._desk.seats():
            step = seat.doing.step
            if (step and step.deadline < now) or seat.deadline < now:
                self._take_back(seat, step)

    def _take_back(self, seat: Seat, step: StepUnderWay | None) -> None:
        try:
            take_back(self._desk, seat, step)
        except Exception:  # noqa: BLE001 - one seat must not keep the others' time
            _log.exception("not taken back", job_id=str(seat.claimed.held.job_id))


def _report(seat: Seat) -> Report:
    step = seat.doing.step
    shown = step and time.monotonic() - step.since > _WORTH_SHOWING
    return Report(
        seat.claimed.held,
        step.call.name if step and shown else None,
        seat.doing.progress,
        seat.doing.note,
    )
