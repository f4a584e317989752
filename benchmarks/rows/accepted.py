"""Single POSTs that are answered 202: each is a commit of its own."""

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.nightwork import Nightwork
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.testbed import Testbed
from benchmarks.timing import wait_until

CLIENTS = 8


def measure(testbed: Testbed) -> Row:
    """Ask over eight connections at once; no worker takes the processor away."""
    rounds = testbed.in_turns({OURS: lambda: _accept(testbed)})
    return Row(
        name="accepted",
        title=f"single POSTs accepted, {CLIENTS} connections, one web process",
        unit="jobs/s",
        figures=(Figure.of(OURS, rounds[OURS]),),
        bounds=(Bound("≥ 500", 500),),
    )


def _accept(testbed: Testbed) -> tuple[float]:
    ours = testbed.nightwork
    each = testbed.scale.accepted_each
    with ours.serving(), ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda _: _post(ours, 5), range(CLIENTS)))
        began = time.monotonic()
        list(clients.map(lambda _: _post(ours, each), range(CLIENTS)))
        took = time.monotonic() - began
    with ours.working(1):
        wait_until(ours.records.is_drained, OURS)
    return (CLIENTS * each / took,)


def _post(ours: Nightwork, count: int) -> None:
    with ours.caller() as caller:
        for _ in range(count):
            caller.submit(steps=0)
