"""How often one key may ask: counted in Redis, or here while Redis is away."""

import time
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, request
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.settings import settings
from web.problems import Problem, answer

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
    limiter = Limiter(
        _who,
        app=app,
        application_limits=[limit],
        application_limits_exempt_when=_free,
        in_memory_fallback=[limit],
        # They would cost every request two more calls to Redis.
        headers_enabled=False,
        storage_uri=settings().redis_url.replace("unix://", "redis+unix://", 1),
        storage_options=_OPTIONS,
        key_prefix="nightwork",
    )

    def too_often(_: RateLimitExceeded) -> Response:
        broken = limiter.current_limit
        wait = broken.reset_at - int(time.time()) if broken else 0
        return answer(
            Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This key may ask {limit}.",
                headers={"Retry-After": str(max(1, wait))},
            )
        )

    app.register_error_handler(RateLimitExceeded, too_often)


def _who() -> str:
    return g.caller.label if g.get("caller") else get_remote_address()


def _free() -> bool:
    return request.method == "OPTIONS" or request.path.startswith(_FREE)
