"""What every answer carries: request id, security headers, CORS; and its log line."""

import re
import time
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from flask.globals import request_ctx
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.datastructures import HeaderSet

from models.settings import settings

CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_CORS = {
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
    ),
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Expose-Headers": "Location, Retry-After, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = structlog.get_logger("web")


def init_app(app: Flask) -> None:
    """Hang them onto every request."""
    app.before_request(_begin)
    app.before_request(_preflight)
    app.after_request(_finish)


def _begin() -> None:
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else str(uuid4())
    g.began = time.monotonic()
    clear_contextvars()
    bind_contextvars(request_id=g.request_id)


def _preflight() -> Response | None:
    """Answer OPTIONS before anybody asks for a key or counts it."""
    adapter = request_ctx.url_adapter
    if request.method != "OPTIONS" or request.url_rule is None or adapter is None:
        return None
    allowed = HeaderSet(sorted(adapter.allowed_methods()))
    return Response(status=204, headers={"Allow": allowed.to_header()})


def _finish(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = g.request_id
    answer.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    answer.headers.update(_SECURITY)
    if not request.path.startswith(("/static/", "/rq/static/")):
        answer.headers.setdefault("Cache-Control", "no-store")
    _allow_origin(answer)
    _write_line(answer)
    return answer


def _allow_origin(answer: Response) -> None:
    if not settings().cors_origins or not request.path.startswith("/api/"):
        return
    answer.vary.add("Origin")
    if request.origin in settings().cors_origins:
        answer.headers["Access-Control-Allow-Origin"] = request.origin
        answer.headers.update(_CORS)


def _write_line(answer: Response) -> None:
    """Log the path only: a query may hold a signed token."""
    asks = g.get("caller")
    _log.info(
        "request",
        method=request.method,
        path=request.path,
        status=answer.status_code,
        duration_ms=round((time.monotonic() - g.began) * 1000, 1),
        user_id=str(asks.user_id) if asks else None,
    )
