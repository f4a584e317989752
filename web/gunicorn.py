"""How gunicorn serves web: `gunicorn -c web/gunicorn.py "web:create_app()"`."""

import sys
from pathlib import Path

# The server reads this file before it looks for modules in the working folder.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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


def post_worker_init(worker: Worker) -> None:
    """Let live streams end when the server does."""
    from web.watch import watch  # noqa: PLC0415 - not before the fork

    watch().closing = lambda: not worker.alive
