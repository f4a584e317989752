"""DBOS's side of the run: `python -m benchmarks.peers.dbos_program COMMAND`.

Runs in var/bench-venv, where Nightwork's dependencies are not: nothing but the
standard library and DBOS may be imported.  Commands: `prepare` the database,
`work` until SIGTERM, `submit COUNT STEPS` in one transaction, `spaced COUNT`
(prints how many seconds each workflow took to start, as JSON).
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import sqlalchemy
from dbos import DBOS, DBOSClient  # type: ignore[import-not-found]  # in its own venv

from benchmarks.timing import spaced

NAME = "bench"
THREADS = int(os.environ["BENCH_THREADS"])
URL = os.environ["BENCH_DATABASE_URL"]
# Its default is 1 s; below this the two workers' polls cost more than they bring.
POLLING_SECONDS = 0.05
# So many are claimed ahead that no thread waits for the next poll.
CLAIMED_PER_THREAD = 4
WARM_UP = 5
WORKFLOW = {"queue_name": NAME, "workflow_name": "probe"}


@DBOS.step()  # type: ignore[untyped-decorator]
def nothing(number: int) -> int:
    """Do what a step of Nightwork's probe does."""
    return number


@DBOS.workflow()  # type: ignore[untyped-decorator]
def probe(steps: int) -> float:
    """Run the steps; give the Unix time of the start."""
    started = time.time()
    for number in range(steps):
        nothing(number)
    return started


def launch(executor: str) -> None:
    """Start DBOS in this process."""
    DBOS(
        config={
            "name": NAME,
            "system_database_url": URL,
            "executor_id": executor,
            "max_executor_threads": THREADS,
            "log_level": "WARNING",
        }
    )
    DBOS.launch()


def prepare() -> None:
    """Create the database and the queue."""
    launch("prepare")
    DBOS.register_queue(
        NAME,
        worker_concurrency=THREADS * CLAIMED_PER_THREAD,
        polling_interval_sec=POLLING_SECONDS,
    )
    DBOS.destroy()


def work() -> None:
    """Carry workflows out until SIGTERM."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    launch(str(os.getpid()))
    stopping.wait()
    DBOS.destroy()


def submit(count: int, steps: int) -> None:
    """Enqueue workflows in one transaction."""
    client = DBOSClient(system_database_url=URL, application_name=NAME)
    engine = sqlalchemy.create_engine(URL.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for _ in range(count):
            client.enqueue_in_transaction(connection, WORKFLOW, steps)
    client.destroy()


def measure(count: int) -> None:
    """Enqueue workflows one by one and print their waits."""
    client = DBOSClient(system_database_url=URL, application_name=NAME)
    for _ in range(WARM_UP):
        client.enqueue(WORKFLOW, 0).get_result()
    asked = []

    def ask() -> None:
        sent = time.time()
        asked.append((sent, client.enqueue(WORKFLOW, 0)))

    spaced(count, ask)
    waits = [handle.get_result() - sent for sent, handle in asked]
    client.destroy()
    print(json.dumps(waits))


def main() -> None:
    """Do what the command line says."""
    command, *numbers = sys.argv[1:]
    commands: dict[str, Callable[..., None]] = {
        "prepare": prepare,
        "work": work,
        "submit": submit,
        "spaced": measure,
    }
    commands[command](*map(int, numbers))


if __name__ == "__main__":
    main()
