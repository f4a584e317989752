"""What stands in Redis."""

from redis import Redis

QUEUE = "rq:queue:probe"


def listed(redis: Redis) -> list[str]:
    """The names in the probe's queue, the next one first."""
    return [name.decode() for name in redis.lrange(QUEUE, 0, -1)]
