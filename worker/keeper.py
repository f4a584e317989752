"""The process of ticks.  Looping, errors and stopping exist once, here.

Each tick has a thread and a database connection of its own: a slow one must not
hold up the relay.  An error ends the round, not the keeper; errors without end
end the process, so that whoever supervises it starts a fresh one.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from jobs.kit.delivery import WAKE, wake_relay
from jobs.kit.kinds import catalogue
from jobs.kit.logs import configure
from jobs.kit.redis import patient
from models.database import (
    refuse_powerful_role,
    wait_until_up,
    worker_autocommit,
    worker_engine,
)
from models.settings import settings
from worker.desk import Desk
from worker.lease import Lease
from worker.redis_fit import refuse_unfit
from worker.ticks.compare import Comparison
from worker.ticks.letters import show
from worker.ticks.prune import prune
from worker.ticks.relay import Relay
from worker.ticks.rescue import Rescuer
from worker.ticks.wake import expire, wake

if TYPE_CHECKING:
    from redis import Redis

_log = structlog.get_logger(__name__)
_MOST_ERRORS = 100


@dataclass(frozen=True)
class Tick:
    """One round of work, and how long to rest: when there was work, and when not."""

    name: str
    round: Callable[[], int]
    busy: float
    idle: float


class Keeper:
    """Runs the ticks until it is told to stop."""

    def __init__(self, ticks: list[Tick]) -> None:
        """Take the ticks; nothing runs yet."""
        self._ticks = ticks
        self._stopping = threading.Event()
        self._broken = False

    def run(self) -> int:
        """Run every tick in its thread; gives the exit code."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        threads = [
            threading.Thread(target=self._loop, args=(tick,), name=tick.name)
            for tick in self._ticks
        ]
        for thread in threads:
            thread.start()
        self._stopping.wait()
        for thread in threads:
            thread.join(5)
        return 1 if self._broken else 0

    def _stop(self, _signum: int, _frame: object) -> None:
        self._stopping.set()

    def _loop(self, tick: Tick) -> None:
        errors = 0
        while not self._stopping.is_set():
            try:
                rest = tick.busy if tick.round() else tick.idle
                errors = 0
            except (SQLAlchemyError, RedisError) as error:
                _log.warning("tick failed", tick=tick.name, error=type(error).__name__)
                errors, rest = errors + 1, 0.5
            except Exception:  # noqa: BLE001 - whatever it is, the other ticks go on
                _log.exception("tick failed", tick=tick.name)
                errors, rest = errors + 10, 0.5
            if errors > _MOST_ERRORS:
                self._broken = True
                self._stopping.set()
            self._stopping.wait(rest)


def _relay_round(relay: Relay, redis: Redis) -> int:
    """Push; with nothing to do, wait until web asks, half a second at most."""
    pushed = relay.tick()
    if not pushed and not relay.is_behind:
        redis.blpop([WAKE], timeout=0.5)
    return pushed


def _then_wake(round_: Callable[[], int], redis: Redis) -> int:
    """Let the relay look at once at what a tick has set free."""
    freed = round_()
    if freed:
        wake_relay(redis)
    return freed


def ticks() -> list[Tick]:
    """List what a keeper does."""
    # Single statements, each a transaction of its own: half the round trips.
    engine, redis = worker_autocommit(), patient()
    relay = Relay(engine, redis)
    comparison = Comparison(engine, redis)
    rescuer = Rescuer(engine)
    return [
        Tick("relay", partial(_relay_round, relay, redis), busy=0.04, idle=0.02),
        Tick("compare", comparison.tick, busy=0.1, idle=1.9),
        Tick("rescue", partial(_then_wake, rescuer.tick, redis), busy=0.1, idle=0.5),
        Tick(
            "wake",
            partial(_then_wake, partial(wake, engine), redis),
            busy=0.02,
            idle=0.5,
        ),
        Tick("expire", partial(expire, worker_engine()), busy=0.1, idle=2.0),
        Tick("letters", partial(show, engine, redis), busy=0.1, idle=3.0),
        Tick("prune", partial(prune, engine), busy=0.5, idle=600.0),
    ]


def run_keeper() -> None:
    """Start a keeper; never returns."""
    configure(settings())
    catalogue()
    wait_until_up(worker_engine())
    refuse_powerful_role(worker_engine(), "WORKER_DATABASE_URL")
    refuse_unfit(patient())
    name = f"{socket.gethostname()}-{os.getpid()}"
    lease = Lease(Desk(), "keeper", [], 0, name)
    lease.register()
    lease.start()
    code = Keeper(ticks()).run()
    lease.end()
    os._exit(code)
