"""Serve the bundled sample page on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from local.ports import LOOPBACK, free_port

SAMPLE = Path(__file__).with_name("sample_site")


class _Quiet(SimpleHTTPRequestHandler):
    """Answers like a plain server that nobody has hardened."""

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing: the terminal belongs to the demo."""


@contextmanager
def sample_site() -> Iterator[str]:
    """Serve the page for the length of a block; give its address."""
    serve = partial(_Quiet, directory=str(SAMPLE))
    with ThreadingHTTPServer((LOOPBACK, free_port()), serve) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/"
        finally:
            server.shutdown()
