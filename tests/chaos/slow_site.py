"""A small site on loopback one of whose pictures takes its time."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b"""<!doctype html><html lang="en"><head><title>A page for a test</title>
<link rel="stylesheet" href="/style.css"></head>
<body><main><h1>Hello</h1><img src="/slow.png" alt="slow"></main></body></html>"""


class Site(ThreadingHTTPServer):
    """Counts what it was asked for; the picture waits until it is let go."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.let_go = threading.Event()

    @property
    def host(self) -> str:
        """Where it listens, as the address guard's exceptions are written."""
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        if self.path == "/slow.png":
            self.server.let_go.wait(15)
        kind = "text/css" if self.path.endswith(".css") else "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(PAGE if self.path == "/" else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Site]:
    """Serve for the length of a block."""
    site = Site()
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.let_go.set()
        site.shutdown()
        site.server_close()
        thread.join()
