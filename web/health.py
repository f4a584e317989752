"""`/healthz`: this process answers.  `/readyz`: what it needs is there as well."""

from typing import Literal

from flask import Blueprint, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from jobs.kit.kinds import ISOLATED, catalogue
from jobs.kit.redis import impatient
from models import leases
from models.database import web_engine
from web.api.fields import Answer
from web.contract import Operation, operation, reply

pages = Blueprint("health", __name__)


class Health(Answer):
    """This process answers."""

    status: Literal["ok"]


class Readiness(Answer):
    """Whether jobs are taken and carried out; `queues`: is a worker there, by name."""

    status: Literal["ready", "not ready"]
    database: bool
    redis: bool
    queues: dict[str, bool]


@pages.get("/healthz")
@operation(Operation(tag="Service", scope=None, answers={200: Health}))
def healthz() -> Response:
    """Tell that the process answers."""
    return reply(Health(status="ok"))


@pages.get("/readyz")
@operation(
    Operation(tag="Service", scope=None, answers={200: Readiness, 503: Readiness})
)
def readyz() -> Response:
    """Tell whether database, Redis and a worker for every queue are there."""
    served = _served()
    queues = {queue: queue in (served or {}) for queue in sorted(_needed())}
    redis = _redis_answers()
    ready = served is not None and redis and all(queues.values())
    told = Readiness(
        status="ready" if ready else "not ready",
        database=served is not None,
        redis=redis,
        queues=queues,
    )
    return reply(told, 200 if ready else 503)


def _needed() -> set[str]:
    """Name the queues that jobs may go to; some kinds decide by their payload."""
    kinds = catalogue().values()
    together = {kind.queue for kind in kinds if kind.isolated is not True}
    alone = {f"{kind.queue}{ISOLATED}" for kind in kinds if kind.isolated}
    return together | alone


def _served() -> dict[str, int] | None:
    try:
        with web_engine().begin() as db:
            return leases.served(db)
    except SQLAlchemyError:
        return None


def _redis_answers() -> bool:
    try:
        return bool(impatient().ping())
    except RedisError:
        return False
