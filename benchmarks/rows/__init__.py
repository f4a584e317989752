"""The measures, by the names of the command line; each gives one row."""

from collections.abc import Callable, Mapping

from benchmarks.results import Row
from benchmarks.rows import accepted, durable, rescue, start, trivial, waiting
from benchmarks.testbed import Testbed

ROWS: Mapping[str, Callable[[Testbed], Row]] = {
    "durable": durable.measure,
    "trivial": trivial.measure,
    "start": start.measure,
    "accepted": accepted.measure,
    "waiting": waiting.measure,
    "rescue": rescue.measure,
}
