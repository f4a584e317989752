"""`/metrics`, for Prometheus: counted from rows, so every process says the same."""

from collections.abc import Iterator

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection

from models import leases, overview
from models.keys import Scope
from web.callers import seen
from web.contract import Operation, operation

pages = Blueprint("metrics", __name__)


@pages.get("/metrics")
@operation(
    Operation(tag="Service", scope=Scope.OPERATOR, answers={200: CONTENT_TYPE_LATEST})
)
def metrics() -> Response:
    """Give the service's figures in Prometheus' text format."""
    with seen() as db:
        registry = CollectorRegistry()
        registry.register(_Figures([*_jobs(db), *_queues(db), *_workers(db)]))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """What was counted for this one request."""

    def __init__(self, counted: list[Metric]) -> None:
        self._counted = counted

    def collect(self) -> list[Metric]:
        return self._counted


def _gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"nightwork_{name}", about, labels=labels)


def _jobs(db: Connection) -> Iterator[Metric]:
    jobs = _gauge("jobs", "Jobs that are kept.", "queue", "kind", "state")
    for row in overview.totals(db):
        jobs.add_metric([row.queue, row.kind, row.state], row.jobs)
    failed = _gauge("failed_jobs_open", "Dead letters nobody dealt with.", "kind")
    for kind, letters in overview.open_letters(db).items():
        failed.add_metric([kind], letters)
    yield jobs
    yield failed


def _queues(db: Connection) -> Iterator[Metric]:
    due = _gauge("queue_due_jobs", "Jobs that wait for a worker.", "queue")
    wait = _gauge("queue_oldest_wait_seconds", "How long the first one waits.", "queue")
    sent = _gauge("queue_delivered_jobs", "Ids in Redis, not taken yet.", "queue")
    for row in overview.depths(db):
        due.add_metric([row.queue], row.due)
        wait.add_metric([row.queue], float(row.oldest_wait))
        sent.add_metric([row.queue], row.delivered)
    yield due
    yield wait
    yield sent


def _workers(db: Connection) -> Iterator[Metric]:
    alive = _gauge("workers", "Worker processes that are alive.", "role")
    hung = _gauge("worker_slots_hung", "Slots whose step overran its time.", "role")
    count: dict[str, list[int]] = {}
    for row in overview.workers(db):
        if row.fresh and row.stopped_at is None and row.dead_at is None:
            count.setdefault(row.role, []).append(row.hung)
    for role, stuck in count.items():
        alive.add_metric([role], len(stuck))
        hung.add_metric([role], sum(stuck))
    slots = _gauge("queue_slots", "Slots of live workers.", "queue")
    for queue, number in leases.served(db).items():
        slots.add_metric([queue], number)
    yield alive
    yield hung
    yield slots
