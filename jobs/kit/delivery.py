"""Hands ids to RQ.  The only module that knows RQ's own jobs.

Redis gets an id, a kind and a queue, never arguments.  A push is idempotent: the
RQ job's id is the job's id and the number of the delivery, and one that is there
already is left alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from jobs.kit.redis import impatient
from models.states import Priority

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis import Redis

    from models.deliveries import Due

_log = structlog.get_logger(__name__)

EPOCH = "nightwork:epoch"  # gone when Redis came back empty
WAKE = "nightwork:wake"  # the relay waits on this list
_SLOTS = "nightwork:slots:"  # by queue, written by keepers
_BACKLOG = "nightwork:backlog:"  # there while older jobs of a queue wait undelivered
# An RQ job's hash outlives any delivery; a forgotten one goes by itself.
_TTL = 86_400

# KEYS: list, hash, RQ's set of queues, slots, backlog, wake
# ARGV: id, direct (1 or 0), at the front (1 or 0), ttl, list key, fields…
_PUSH = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 1 end
if ARGV[2] == '1' then
    local slots = tonumber(redis.call('GET', KEYS[4]) or '1')
    if redis.call('EXISTS', KEYS[5]) == 1
        or redis.call('LLEN', KEYS[1]) >= slots then
        if redis.call('LLEN', KEYS[6]) == 0 then redis.call('RPUSH', KEYS[6], '1') end
        return 0
    end
end
redis.call('HSET', KEYS[2], unpack(ARGV, 6))
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('SADD', KEYS[3], ARGV[5])
if ARGV[3] == '1' then redis.call('LPUSH', KEYS[1], ARGV[1])
else redis.call('RPUSH', KEYS[1], ARGV[1]) end
return 1
"""


def rq_id(job_id: UUID, delivery: int) -> str:
    """Name one delivery of a job in RQ."""
    return f"{job_id}-{delivery}"


def parse(rq_job_id: str) -> tuple[UUID, int] | None:
    """Read such a name back; None: something else stood in the queue."""
    job_id, _, delivery = rq_job_id.rpartition("-")
    try:
        return UUID(job_id), int(delivery)
    except ValueError:
        return None


def push(job_id: UUID, kind: str, queue: str, priority: Priority) -> bool:
    """Hand a new job over at once, if nothing older waits and workers are free.

    Never raises for a Redis that is away: False leaves it to the relay.
    """
    at_front = priority is Priority.HIGH
    try:
        return bool(
            _push(impatient(), job_id, kind, queue, 1, direct=True, at_front=at_front)
        )
    except RedisError as error:
        _log.warning("redis away", error=type(error).__name__)
        return False


def push_all(redis: Redis, dues: Iterable[Due]) -> None:
    """Hand over what the relay took, in one round trip; rescued jobs go first."""
    with redis.pipeline(transaction=False) as pipeline:
        for due in dues:
            at_front = due.attempt > 0 or due.priority == Priority.HIGH.rank
            _push(
                pipeline,
                due.id,
                due.kind,
                due.queue,
                due.delivery,
                direct=False,
                at_front=at_front,
            )
        pipeline.execute()


def _push(
    redis: Redis,
    job_id: UUID,
    kind: str,
    queue: str,
    delivery: int,
    *,
    direct: bool,
    at_front: bool,
) -> Any:
    name = rq_id(job_id, delivery)
    fields = _fields(queue) | {"description": f"{kind} {job_id}"}
    fields["created_at"] = fields["enqueued_at"] = utcformat(datetime.now(UTC))
    key = f"{Queue.redis_queue_namespace_prefix}{queue}"
    return redis.eval(
        _PUSH,
        6,
        key,
        Job.key_for(name),
        Queue.redis_queues_keys,
        f"{_SLOTS}{queue}",
        f"{_BACKLOG}{queue}",
        WAKE,
        name,
        int(direct),
        int(at_front),
        _TTL,
        key,
        *(part for pair in fields.items() for part in pair),
    )


@cache
def _fields(queue: str) -> dict[str, Any]:
    """Let RQ write an RQ job once; the next ones of a queue differ in few fields."""
    return _rq_job("template", "", queue).to_dict(include_meta=False)


def _rq_job(name: str, description: str, queue: str) -> Job:
    return Job.create(
        "worker.execute.execute",
        id=name,
        connection=impatient(),
        description=description,
        origin=queue,
        status=JobStatus.QUEUED,
        serializer=JSONSerializer,
    )


def wake_relay(redis: Redis) -> None:
    """Ask the relay to look now rather than at its next turn."""
    try:
        redis.rpush(WAKE, 1)
        redis.ltrim(WAKE, 0, 0)
    except RedisError as error:
        _log.warning("redis away", error=type(error).__name__)


def announce(redis: Redis, slots: dict[str, int], backlog: Iterable[str]) -> None:
    """Tell web how many slots each queue has, and where older jobs wait."""
    with redis.pipeline(transaction=False) as pipeline:
        for queue, count in slots.items():
            pipeline.set(f"{_SLOTS}{queue}", count, ex=10)
        for queue in backlog:
            pipeline.set(f"{_BACKLOG}{queue}", 1, px=200)
        pipeline.execute()


def lengths(redis: Redis, queues: list[str]) -> dict[str, int]:
    """Count the ids that stand in each queue's list."""
    with redis.pipeline(transaction=False) as pipeline:
        for queue in queues:
            pipeline.llen(Queue(queue, connection=redis).key)
        return dict(zip(queues, pipeline.execute(), strict=True))


def standing(redis: Redis, queues: set[str]) -> set[str]:
    """List the names that stand in the queues' lists; windows keep them short."""
    with redis.pipeline(transaction=False) as pipeline:
        for queue in queues:
            pipeline.lrange(Queue(queue, connection=redis).key, 0, -1)
        return {
            name.decode(errors="replace")
            for names in pipeline.execute()
            for name in names
        }


def show_failed(redis: Redis, letters: list[Any]) -> None:
    """Put dead letters into RQ's failed registry, where rq-dashboard shows them."""
    for letter in letters:
        name = rq_id(letter.job_id, letter.delivery)
        description = f"{letter.job_type} {letter.job_id}"
        rq_job = _rq_job(name, description, letter.queue)
        rq_job.connection = redis
        rq_job._status = JobStatus.FAILED  # noqa: SLF001 - RQ has no setter without a write
        rq_job.ended_at = letter.failed_at
        stack = letter.error_stack or letter.error_message
        registry = FailedJobRegistry(letter.queue, connection=redis)
        with redis.pipeline() as pipeline:
            registry.add(rq_job, ttl=_TTL * 30, exc_string=stack, pipeline=pipeline)
            pipeline.sadd(
                Queue.redis_queues_keys, Queue(letter.queue, connection=redis).key
            )
            Result.create_failure(rq_job, _TTL * 30, stack, pipeline=pipeline)
            pipeline.execute()


def hide_failed(redis: Redis, settled: list[Any]) -> None:
    """Take replayed and resolved dead letters out of RQ's failed registry."""
    for letter in settled:
        registry = FailedJobRegistry(letter.queue, connection=redis)
        wanted = str(letter.job_id)
        for name in registry.get_job_ids(cleanup=False):
            if name.startswith(wanted):
                registry.connection.zrem(registry.key, name)
                redis.delete(Job.key_for(name))


def rq_hash(name: str) -> str:
    """Name the key that holds one delivery's RQ job."""
    return Job.key_for(name)
