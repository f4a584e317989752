"""How gunicorn serves web: `gunicorn -c web/gunicorn.py "web:create_app()"`."""

import sys
from pathlib import Path

# The server reads this file before it looks for modules in the working folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from models.settings import settings

_settings = settings()

bind = f"{_settings.web_host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_processes
threads = _settings.web_threads
# Requests take milliseconds; live streams see the stop and close.
graceful_timeout = 3
timeout = 30
keepalive = 15
loglevel = "warning"
# Every request has its own structured line.
accesslog = None
# Of a body that was refused unread, the server takes in no more than this.
_DRAINED = 64 * 1024


def pre_request(_worker: Worker, request: Request) -> None:
    """Tell who sends a large body that the connection will close.

    Refused unread, it ends the connection; a client that was not told would send
    its next request into the void.
    """
    headers = {name.upper(): value for name, value in request.headers}
    size = headers.get("CONTENT-LENGTH", "0")
    if "TRANSFER-ENCODING" in headers or not size.isdigit() or int(size) > _DRAINED:
        request.force_close()


def post_worker_init(worker: Worker) -> None:
    """Let live streams end when the server does."""
    from web.watch import watch  # noqa: PLC0415 - not before the fork

    watch().closing = lambda: not worker.alive
