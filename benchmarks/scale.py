"""How much is measured: enough to believe, or just enough to see that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes of batches and samples.

    A fast system gets a larger batch than a slow one, so that each is measured for
    some ten seconds.
    """

    rounds: int = 3
    durable: int = 3000
    durable_dbos: int = 400
    trivial: int = 6000
    trivial_rq_forking: int = 800
    trivial_rq_simple: int = 4000
    trivial_dbos: int = 1200
    samples: int = 200
    warm_up: int = 10
    accepted_each: int = 400
    waiting: int = 200
    waiting_seconds: float = 5
    kills: int = 10


FULL = Scale()
QUICK = Scale(
    rounds=1,
    durable=60,
    durable_dbos=20,
    trivial=120,
    trivial_rq_forking=20,
    trivial_rq_simple=60,
    trivial_dbos=30,
    samples=8,
    warm_up=2,
    accepted_each=20,
    waiting=20,
    waiting_seconds=1,
    kills=1,
)
