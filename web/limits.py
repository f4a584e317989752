"""How often one key may ask: counted in Redis, or here while Redis is away."""

from typing import Any

from flask import Flask, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.settings import settings

# A request never waits longer than this for a count.
_PATIENCE = 0.2
# It is handed on to redis-py, which takes more than the limiter's hints say.
_OPTIONS: dict[str, Any] = {
    "socket_timeout": _PATIENCE,
    "socket_connect_timeout": _PATIENCE,
    "retry": Retry(NoBackoff(), 0),
}
# What other machines ask, and what browsers load with a page.
_FREE = ("/healthz", "/readyz", "/static/", "/rq/static/")


def init_app(app: Flask) -> None:
    """Count requests per key; those without one, per address."""
    limit = settings().rate_limit
    Limiter(
        _who,
        app=app,
        application_limits=[limit],
        application_limits_exempt_when=_free,
        in_memory_fallback=[limit],
        headers_enabled=True,
        storage_uri=settings().redis_url.replace("unix://", "redis+unix://", 1),
        storage_options=_OPTIONS,
        key_prefix="nightwork",
    )


def _who() -> str:
    return g.caller.label if g.get("caller") else get_remote_address()


def _free() -> bool:
    return request.method == "OPTIONS" or request.path.startswith(_FREE)
