"""From the request to the start of the job, on a system at rest.

Nightwork's clock runs from before the POST to the claim's transaction, by the
database's clock, which is this machine's.  What follows until the first line of the
job's code is in the note: there it has committed the claim and a step's marker.
"""

import time
from uuid import UUID

from benchmarks.nightwork import Nightwork
from benchmarks.peers.dbos import DBOS
from benchmarks.peers.rq import FORKING, SIMPLE
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.testbed import Testbed
from benchmarks.timing import Moment, p50_p99, spaced, wait_until

WORKERS = 1


def measure(testbed: Testbed) -> Row:
    """Compare all; a peer's client calls its library, ours speaks HTTP."""
    first_lines: list[tuple[float, ...]] = []

    def ours() -> tuple[float, float]:
        claims, effects = _nightwork(testbed)
        first_lines.append(p50_p99(effects))
        return p50_p99(claims)

    rounds = testbed.in_turns(
        {
            OURS: ours,
            FORKING: lambda: _rq(testbed, FORKING),
            SIMPLE: lambda: _rq(testbed, SIMPLE),
            DBOS: lambda: _dbos(testbed),
        }
    )
    p50, p99 = Figure.of(OURS, first_lines).values
    notes = {OURS: f"first step's own code after {p50:.1f} / {p99:.1f}"}
    return Row(
        name="start",
        title="request → start of job, idle",
        unit="ms, p50 / p99",
        figures=tuple(
            Figure.of(name, values, notes.get(name, ""))
            for name, values in rounds.items()
        ),
        bounds=(
            Bound("≤ 6 ms", 6, at_least=False),
            Bound("≤ 20 ms", 20, at_least=False, place=1),
        ),
        digits=1,
        more_is_better=False,
    )


def _nightwork(testbed: Testbed) -> tuple[list[float], list[float]]:
    """Give the waits until the claim, and until the first step's own code."""
    ours = testbed.nightwork
    sent: dict[UUID, Moment] = {}
    with ours.serving(), ours.working(WORKERS), ours.caller() as caller:

        def ask() -> None:
            began = time.time()
            sent[caller.submit(steps=1, effects=True)] = began

        spaced(_count(testbed), ask)
        wait_until(ours.records.is_drained, OURS)
    jobs = list(sent)[testbed.scale.warm_up :]
    claims = ours.records.claims(jobs)
    effects = _effects(ours)
    return (
        [claims[job] - sent[job] for job in jobs],
        [effects[job] - sent[job] for job in jobs],
    )


def _effects(ours: Nightwork) -> dict[UUID, Moment]:
    """Read the lines that steps left: job, step (two words), attempt, Unix time."""
    lines = (line.split() for line in ours.effects.read_text().splitlines())
    return {UUID(words[0]): float(words[-1]) for words in lines}


def _rq(testbed: Testbed, system: str) -> tuple[float, float]:
    peer = testbed.rq
    sent: dict[str, Moment] = {}
    with peer.working(system, WORKERS):

        def ask() -> None:
            began = time.time()
            sent[peer.submit()] = began

        spaced(_count(testbed), ask)
        peer.wait_for(len(sent))
    jobs = list(sent)[testbed.scale.warm_up :]
    starts = peer.starts(jobs)
    waits = [start - sent[job] for start, job in zip(starts, jobs, strict=True)]
    return p50_p99(waits)


def _dbos(testbed: Testbed) -> tuple[float, float]:
    peer = testbed.dbos
    with peer.working(WORKERS):
        waits = peer.waits(_count(testbed))
    return p50_p99(waits[testbed.scale.warm_up :])


def _count(testbed: Testbed) -> int:
    return testbed.scale.warm_up + testbed.scale.samples
