"""The life of a worker process: begin a lease, serve, hand over, end."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import Connection

from jobs.kit.delivery import parse, rq_hash, wake_relay
from jobs.kit.kinds import ISOLATED, QUEUES, catalogue
from jobs.kit.logs import configure
from jobs.kit.redis import patient
from models import deliveries, transitions
from models.database import (
    refuse_powerful_role,
    room,
    wait_until_up,
    worker_autocommit,
    worker_engine,
)
from models.jobs import Held
from models.persistence import persist
from models.settings import settings
from worker.children import fork_server, in_child
from worker.desk import Desk
from worker.execute import CarryOut, execute, in_thread
from worker.lease import Lease
from worker.redis_fit import refuse_unfit
from worker.rq_worker import QueueWorker
from worker.slots import Slots

_log = structlog.get_logger(__name__)


class WorkerProcess:
    """One worker: a desk, slots, a lease, and RQ's loop around them."""

    def __init__(self, role: str, slots: int, carry_out: CarryOut) -> None:
        """Put the parts together; nothing is started yet."""
        suffix = ISOLATED if role == "isolated" else ""
        queues = [f"{name}{suffix}" for name in settings().queues or QUEUES]
        self._carry_out = carry_out
        self._redis = patient()
        self._desk = Desk()
        self._slots = Slots(slots, self._work)
        name = f"{socket.gethostname()}-{os.getpid()}"
        self._lease = Lease(self._desk, role, queues, slots, name)
        self._rq = QueueWorker(queues, self._redis, self._slots, self._drain)
        self._lease.on_drain = lambda: self._rq.request_stop(None, None)
        self._stopping = threading.Event()
        self._stop_at = float("inf")

    def run(self) -> None:
        """Serve until asked to stop; never returns."""
        self._lease.register()
        self._lease.start()
        self._rq.work(logging_level="WARNING")
        self._give_back(self._rq.leftover())
        asked = self._stopping.is_set()
        if not asked:
            self._drain()
        self._hand_over()
        sys.stderr.flush()
        # Threads that hang can't be joined; all that counts is in the database.
        os._exit(0 if asked else 1)

    def _work(self, name: str) -> None:
        delivered = parse(name)
        if delivered is not None:
            job_id, number = delivered
            worker_id = self._lease.worker_id
            execute(self._desk, worker_id, job_id, number, self._carry_out)
            if self._stopping.is_set():
                wake_relay(self._redis)
        self._rq.forget(rq_hash(name))

    def _give_back(self, names: list[str]) -> None:
        """Have ids delivered anew that were taken but not begun."""
        for delivered in filter(None, map(parse, names)):
            persist(worker_autocommit(), partial(_refuse, *delivered))

    def _drain(self) -> None:
        self._stop_at = time.monotonic() + settings().shutdown_grace
        self._stopping.set()
        self._desk.drain()

    def _hand_over(self) -> None:
        """Wait out the grace, then free what is still running."""
        self._lease.drain()
        left = self._stop_at - time.monotonic()
        if not self._slots.wait_idle(max(0.0, left)):
            for held in self._desk.held():
                _log.warning("grace is over", job_id=str(held.job_id))
                persist(worker_autocommit(), partial(_free, held))
        self._lease.end()
        wake_relay(self._redis)


def _refuse(job_id: UUID, number: int, db: Connection) -> None:
    deliveries.refused(db, job_id, number)


def _free(held: Held, db: Connection) -> UUID | None:
    """Hand a job over, or carry out the cancel that forbids it."""
    return transitions.hand_over(db, held) or transitions.stop(db, held)


def _warn_if_crowded(wanted: int) -> None:
    left = room(worker_engine())
    if left < wanted:
        _log.warning("max_connections is too small", wanted=wanted, left=left)


def run_worker(role: str) -> None:
    """Start a worker of threads, or an isolated one."""
    configure(settings())
    if role == "isolated":
        # Before any thread and any connection exists.
        carry_out = in_child(fork_server())
        slots = settings().isolated_children
    else:
        carry_out, slots = in_thread, settings().worker_threads
    catalogue()
    wait_until_up(worker_engine())
    refuse_powerful_role(worker_engine(), "WORKER_DATABASE_URL")
    refuse_unfit(patient())
    _warn_if_crowded(min(slots, 10) + 2)
    WorkerProcess(role, slots, carry_out).run()
