"""Job kinds for tests, forgotten after the test that declared them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jobs.kit import Context, JobKind, Retry, job, kinds

AT_ONCE = Retry(attempts=3, base=timedelta(0), cap=timedelta(0), jitter=timedelta(0))
LATER = Retry(
    attempts=3,
    base=timedelta(seconds=10),
    cap=timedelta(seconds=30),
    jitter=timedelta(0),
)


@dataclass(frozen=True)
class Order:
    """What a test's job is asked to do."""

    pages: int = 3
    api_key: str = ""


def a_kind(
    body: Callable[[Context, Order], Any], name: str = "test.order", **policy: Any
) -> JobKind[Order]:
    """A job kind of a function that says nothing of its types."""

    def run(ctx: Context, args: Order) -> Any:
        return body(ctx, args)

    return job(name, **{"queue": "probe", "retry": AT_ONCE, **policy})(run)


@contextmanager
def forgotten() -> Iterator[None]:
    """Undo what is declared within the block."""
    kinds.catalogue()
    declared = kinds._DECLARED
    before = dict(declared)
    try:
        yield
    finally:
        declared.clear()
        declared.update(before)
