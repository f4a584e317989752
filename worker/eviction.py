"""Refuses a Redis that throws keys away when its memory is full."""

from redis import Redis
from redis.exceptions import ResponseError

_KEEPS = "noeviction"


class EvictingRedisError(Exception):
    """Redis would drop delivered ids in silence."""

    def __init__(self, policy: str) -> None:
        """Name the policy found and the one that is wanted."""
        super().__init__(f"Redis has maxmemory-policy {policy}; set it to {_KEEPS}.")


def refuse_eviction(redis: Redis) -> None:
    """Check the policy where the server tells it; hosted ones may not."""
    try:
        policy = redis.info("memory").get("maxmemory_policy", _KEEPS)
    except ResponseError:
        return
    if policy != _KEEPS:
        raise EvictingRedisError(policy)
