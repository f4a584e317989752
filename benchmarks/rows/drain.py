"""How fast two worker processes empty a queue.

The batch is queued before the workers start, and the first tenth of it is not
counted: starting processes, opening connections and planning cost nobody.
"""

from benchmarks.testbed import Testbed
from benchmarks.timing import rate, wait_until

WORKERS = 2


def nightwork(testbed: Testbed, count: int, steps: int) -> tuple[float]:
    """Give Nightwork's jobs a second; every one is read from PostgreSQL."""
    ours = testbed.nightwork
    jobs = ours.queue(count, steps=steps)
    with ours.working(WORKERS):
        wait_until(ours.records.is_drained, "Nightwork")
    return (rate(ours.records.ends(jobs)),)


def dbos(testbed: Testbed, count: int, steps: int) -> tuple[float]:
    """Give DBOS's workflows a second."""
    peer = testbed.dbos
    peer.queue(count, steps)
    with peer.working(WORKERS):
        peer.wait()
    return (rate(peer.ends(count)),)


def rq(testbed: Testbed, system: str, count: int) -> tuple[float]:
    """Give RQ's jobs a second."""
    peer = testbed.rq
    jobs = peer.queue(count)
    with peer.working(system, WORKERS):
        peer.wait_for(count)
    return (rate(peer.ends(jobs)),)
