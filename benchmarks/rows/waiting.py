"""Many jobs at once that wait for a provider: their time, and what each weighs."""

import time
from collections.abc import Iterable, Sequence
from statistics import median

from benchmarks.peers.rq import FORKING
from benchmarks.processes import family, shared_out, unshared
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.testbed import Testbed
from benchmarks.timing import wait_until

RQ_JOBS = 4
# Weighed when all jobs have begun and none is done.
WEIGHED_AFTER = 0.6


def measure(testbed: Testbed) -> Row:
    """Compare with RQ, where each further job at once is a worker and its fork."""
    scale = testbed.scale
    rounds = testbed.in_turns(
        {OURS: lambda: _nightwork(testbed), FORKING: lambda: _rq(testbed)}
    )
    figures = [
        Figure.of(name, [values[:-1] for values in taken], _note(name, taken))
        for name, taken in rounds.items()
    ]
    seconds = f"{scale.waiting_seconds:g}"
    return Row(
        name="waiting",
        title=f"{scale.waiting} jobs that wait {seconds} s each, one worker process",
        unit="MiB (PSS) a job / s until all are done",
        figures=tuple(figures),
        bounds=(
            Bound("≤ 0.4 MiB", 0.4, at_least=False),
            Bound("≤ 6.5 s", 6.5, at_least=False, place=1),
        ),
        digits=2,
        more_is_better=False,
    )


def _note(name: str, taken: Sequence[tuple[float, ...]]) -> str:
    uss = f"USS {median(values[-1] for values in taken):.2f}"
    return uss if name == OURS else f"{uss}; {RQ_JOBS} jobs, each a worker and its fork"


def _nightwork(testbed: Testbed) -> tuple[float, float, float]:
    """Give the growth a job by PSS, the seconds, and the growth by USS."""
    ours, scale = testbed.nightwork, testbed.scale
    with ours.working(1, threads=scale.waiting) as workers:
        pids = family(workers[0].pid)
        idle = _weights(pids)
        began = time.time()
        jobs = ours.queue(scale.waiting, steps=1, seconds=scale.waiting_seconds)
        time.sleep(scale.waiting_seconds * WEIGHED_AFTER)
        busy = _weights(pids)
        wait_until(ours.records.is_drained, OURS)
        took = max(ours.records.ends(jobs)) - began
    pss, uss = ((b - i) / scale.waiting for b, i in zip(busy, idle, strict=True))
    return pss, took, uss


def _rq(testbed: Testbed) -> tuple[float, float]:
    """Give what each of four workers weighs, fork included, while it waits."""
    peer, seconds = testbed.rq, testbed.scale.waiting_seconds
    with peer.working(FORKING, RQ_JOBS) as workers:
        for _ in range(RQ_JOBS):
            peer.hold(seconds)
        time.sleep(seconds * WEIGHED_AFTER)
        busy = _weights(pid for worker in workers for pid in family(worker.pid))
        peer.wait_for(RQ_JOBS)
    pss, uss = (weight / RQ_JOBS for weight in busy)
    return pss, uss


def _weights(pids: Iterable[int]) -> tuple[float, float]:
    """Weigh processes together: PSS and USS, in MiB."""
    found = list(pids)
    return shared_out(found), unshared(found)
