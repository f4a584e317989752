"""The only road out: connects to checked addresses, within one deadline.

A name is resolved once, every address it has is checked, and the connection goes
to the checked address: a name that answers differently the second time gains
nothing.  The deadline is for the whole exchange, not for each read, so a server
that sends a byte a second does not hold a worker.
"""

import queue
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

import httpcore2

from jobs.providers.addresses import is_public
from jobs.providers.errors import RefusedAddressError, TooSlowError, UnknownHostError

PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the whole exchange has to be over (monotonic clock)."""

    host: str
    seconds: float
    until: float

    @classmethod
    def after(cls, host: str, seconds: float) -> "Deadline":
        """Begin the time now."""
        return cls(host, seconds, time.monotonic() + seconds)

    def left(self) -> float:
        """Return the seconds that are left; raises TooSlowError at none."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise TooSlowError(self.host, self.seconds)
        return left


class GuardedNetwork(httpcore2.NetworkBackend):
    """Opens the connections of one exchange; `allowed` are `host:port` pairs."""

    def __init__(self, allowed: frozenset[str], deadline: Deadline) -> None:
        self._allowed = allowed
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline stands in for it
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to a checked address; raises what `errors` holds."""
        addresses = self._checked(host, port)
        last = len(addresses) - 1
        for place, address in enumerate(addresses):
            # An address that never answers leaves time for the others.
            wait = self._deadline.left() / (len(addresses) - place)
            try:
                stream = httpcore2.SyncBackend().connect_tcp(
                    address, port, wait, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == last:
                    raise
            else:
                return _TimedStream(stream, self._deadline)
        raise UnknownHostError(host)

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - no path is good
        timeout: float | None = None,  # noqa: ARG002 - the same
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore2.NetworkStream:
        """Refuse: no page lives in a file."""
        message = "Only web addresses are visited."
        raise RefusedAddressError(message)

    def _checked(self, host: str, port: int) -> list[str]:
        allowed = f"{host}:{port}" in self._allowed
        if port not in PORTS and not allowed:
            message = f"Port {port} is not one of the web's ports, 80 and 443."
            raise RefusedAddressError(message)
        addresses = _resolve(host, port, self._deadline)
        if not allowed and not all(map(is_public, addresses)):
            message = f"{host} is not on the public internet, so it is not visited."
            raise RefusedAddressError(message)
        return addresses


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - as above
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - as above
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - as above
    ) -> httpcore2.NetworkStream:
        left = self._deadline.left()
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, deadline: Deadline) -> list[str]:
    """Look a name up once; raises UnknownHostError, TooSlowError.

    The system's resolver knows no time limit, so it is asked from a thread that
    may be left behind.
    """
    answers: queue.Queue[list[str] | OSError] = queue.Queue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))
        else:
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TooSlowError(host, deadline.seconds) from None
    if isinstance(answer, OSError) or not answer:
        raise UnknownHostError(host)
    return answer
