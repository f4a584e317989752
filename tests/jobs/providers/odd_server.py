"""An HTTP server on loopback whose answers are written byte by byte."""

import socket
import threading
from collections.abc import Callable
from typing import Self

Answer = Callable[[socket.socket], None]


class OddServer:
    """Serves each path with a function that gets the bare connection."""

    def __init__(self) -> None:
        self.paths: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.greeting = b""
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def allowed(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}"})

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, head: str, body: bytes = b"") -> str:
        """Serve a status line with headers, and a body; returns the address."""
        content = head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body
        return self.script(path, lambda peer: peer.sendall(content))

    def script(self, path: str, answer: Answer) -> str:
        """Serve a path by a function; returns the address."""
        self.paths[path] = answer
        return self.url(path)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            request = b""
            try:
                peer.sendall(self.greeting)
                while b"\r\n\r\n" not in request:
                    more = peer.recv(65536)
                    if not more:
                        return
                    request += more
                self.requests.append(request.decode("latin-1"))
                path = request.split(b" ")[1].decode()
                self.paths[path](peer)
            except (OSError, IndexError, KeyError):
                return
