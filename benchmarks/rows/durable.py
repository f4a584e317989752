"""Jobs of five steps, each step's result committed before the next begins."""

from benchmarks.peers.dbos import DBOS
from benchmarks.results import OURS, Bound, Figure, Row
from benchmarks.rows import drain
from benchmarks.testbed import Testbed

STEPS = 5


def measure(testbed: Testbed) -> Row:
    """Compare with DBOS, the peer that makes the same promise."""
    scale = testbed.scale
    rounds = testbed.in_turns(
        {
            OURS: lambda: drain.nightwork(testbed, scale.durable, STEPS),
            DBOS: lambda: drain.dbos(testbed, scale.durable_dbos, STEPS),
        }
    )
    return Row(
        name="durable",
        title=f"durable {STEPS}-step jobs, {drain.WORKERS} worker processes",
        unit="jobs/s",
        figures=tuple(Figure.of(name, values) for name, values in rounds.items()),
        bounds=(Bound("≥ 8 × DBOS", 8, times=DBOS),),
    )
