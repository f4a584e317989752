"""Refuses a Redis that can't serve: one that is too old, or that forgets."""

from redis import Redis
from redis.exceptions import ResponseError

_KEEPS = "noeviction"
_OLDEST = 7


class UnfitRedisError(Exception):
    """Jobs would wait, or be delivered late, for a reason nobody sees."""


def refuse_unfit(redis: Redis) -> None:
    """Check version and eviction policy, where the server tells them.

    Raises UnfitRedisError with what to change.
    """
    try:
        told = {**redis.info("server"), **redis.info("memory")}
    except ResponseError:  # a hosted server may keep this to itself
        return
    version = str(told.get("redis_version", _OLDEST))
    if int(version.partition(".")[0]) < _OLDEST:
        raise UnfitRedisError(
            f"Redis {version} is too old; use Redis 7 or newer, or Valkey."
        )
    policy = told.get("maxmemory_policy", _KEEPS)
    if policy != _KEEPS:
        raise UnfitRedisError(
            f"Redis has maxmemory-policy {policy}, which drops delivered ids;"
            f" set it to {_KEEPS}."
        )
