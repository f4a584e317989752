"""A real web process, as the Procfile starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2

from local.ports import free_port
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Web:
    """A running gunicorn; `url` is where it answers."""

    def __init__(
        self, environment: Mapping[str, str], log: IO[bytes] | None = None
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        program = ("gunicorn", "-c", "web/gunicorn.py", "web:create_app()")
        self.process = subprocess.Popen(
            (sys.executable, "-m", *program),
            cwd=ROOT,
            env={**os.environ, **environment, "PORT": str(port)},
            stderr=log,
        )

    def answers(self) -> bool:
        assert self.process.poll() is None, "web has ended"
        try:
            return httpx2.get(f"{self.url}/healthz").is_success
        except httpx2.TransportError:
            return False


@contextmanager
def serving(log: IO[bytes] | None = None, **environment: str) -> Iterator[Web]:
    web = Web(environment, log)
    try:
        until(web.answers, seconds=30)
        yield web
    finally:
        web.process.terminate()
        web.process.wait(10)
