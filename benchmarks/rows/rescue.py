"""`kill -9` of a worker: how long until its job runs on elsewhere."""

import os
import random
import signal
import time

from benchmarks.nightwork import Nightwork
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.testbed import Testbed
from benchmarks.timing import wait_until
from local.part import Part

WORKERS = 2
# Long enough to be caught in; its rest runs while the next sample is taken.
STEPS, SECONDS = 10, 0.5
# A lease is renewed every 2 s: the kill falls anywhere between two renewals.
LATER = (0.0, 2.0)
STATED = (
    "stated by their documentation, not waited for: RQ 809 s (its defaults), "
    "BullMQ 60 s, Celery 1 h (visibility time-out), DBOS by hand"
)


def measure(testbed: Testbed) -> Row:
    """Kill the worker that holds the job, again and again; report the longest wait."""
    ours = testbed.nightwork
    dice = random.Random(1)  # noqa: S311 - the same pauses in every run
    waits = []
    with ours.working(WORKERS) as workers:
        for _ in range(testbed.scale.kills):
            waits.append(_kill_and_wait(ours, pause=dice.uniform(*LATER)))
            _replace(ours, workers)
        wait_until(ours.records.is_drained, OURS)
    return Row(
        name="rescue",
        title="`kill -9` of a worker → its job runs on",
        unit=f"s, longest of {len(waits)}",
        figures=(Figure(OURS, (max(waits),), tuple((wait,) for wait in waits)),),
        bounds=(Bound("≤ 10 s", 10, at_least=False),),
        digits=1,
        more_is_better=False,
        stated=STATED,
    )


def _kill_and_wait(ours: Nightwork, *, pause: float) -> float:
    """Give the seconds from the kill to the next attempt's claim."""
    (job,) = ours.queue(1, steps=STEPS, seconds=SECONDS)
    wait_until(lambda: ours.records.holder(job), "claim")
    time.sleep(pause)
    pid = ours.records.holder(job)
    if pid is None:
        raise RuntimeError("the job ended before its worker could be killed")
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: ours.records.claims([job], attempt=2), "rescue")
    return ours.records.claims([job], attempt=2)[job] - killed


def _replace(ours: Nightwork, workers: list[Part]) -> None:
    """Start a worker in the place of the dead one."""
    workers[:] = [part for part in workers if part.alive] + [Part(ours.worker())]
    workers[-1].start()
    ours.wait_for(workers)
