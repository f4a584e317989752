"""Jobs that do nothing: the cost of the machinery itself."""

from benchmarks.peers.dbos import DBOS
from benchmarks.peers.rq import FORKING, SIMPLE
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.rows import drain
from benchmarks.testbed import Testbed


def measure(testbed: Testbed) -> Row:
    """Compare with RQ, which commits nothing in PostgreSQL, and with DBOS."""
    scale = testbed.scale
    rounds = testbed.in_turns(
        {
            OURS: lambda: drain.nightwork(testbed, scale.trivial, 0),
            FORKING: lambda: drain.rq(testbed, FORKING, scale.trivial_rq_forking),
            SIMPLE: lambda: drain.rq(testbed, SIMPLE, scale.trivial_rq_simple),
            DBOS: lambda: drain.dbos(testbed, scale.trivial_dbos, 0),
        }
    )
    return Row(
        name="trivial",
        title=f"trivial jobs drained, {drain.WORKERS} worker processes",
        unit="jobs/s",
        figures=tuple(Figure.of(name, values) for name, values in rounds.items()),
        bounds=(Bound("≥ 6 × RQ forking", 6, times=FORKING),),
        stated="RQ keeps nothing in a database",
    )
