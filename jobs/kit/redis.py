"""Redis as each part reaches it: web gives up at once, workers hold on."""

from functools import cache

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from models.settings import settings

AWAY = (RedisConnectionError, RedisTimeoutError)
_QUICK = 0.2


@cache
def impatient() -> Redis:
    """Connect for web: 0.2 s, no retry; the relay makes up for what is missed."""
    return Redis.from_url(
        settings().redis_url,
        socket_timeout=_QUICK,
        socket_connect_timeout=_QUICK,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def patient() -> Redis:
    """Connect for workers and keepers: about two minutes of retries, with jitter."""
    return Redis.from_url(
        settings().redis_url,
        socket_timeout=10,
        socket_connect_timeout=2,
        socket_keepalive=True,
        retry=Retry(ExponentialWithJitterBackoff(base=0.1, cap=2), 60),
        retry_on_error=list(AWAY),
    )
