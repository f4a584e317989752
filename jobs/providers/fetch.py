"""One GET, guarded: where to, how long, how much, how often sent on.

httpcore2 speaks the protocol; redirects are followed here, since each one is a
new address that someone else chose.
"""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpcore2
import httpx2

from jobs.providers.errors import (
    BrokenAnswerError,
    RedirectLoopError,
    RefusedAddressError,
    TlsError,
    TooLargeError,
    TooSlowError,
    UnreachableError,
)
from jobs.providers.guard import Deadline, GuardedNetwork
from jobs.providers.unpack import MIB, unpacker
from jobs.providers.urls import read_url

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What the protocol library says when the other side just stops.
_CUT = re.compile(r"disconnected|closed connection|incomplete")
_ASKED = (
    (b"User-Agent", b"Mozilla/5.0 (compatible; Nightwork page audit)"),
    (b"Accept", b"text/html,application/xhtml+xml,*/*;q=0.8"),
    (b"Accept-Encoding", b"gzip"),
    (b"Connection", b"close"),
)


@dataclass(slots=True, frozen=True)
class Response:
    """What a server answered.

    `content` is unpacked; `received` counts its bytes as they came over the wire;
    `seconds` runs from the first connection to the last byte; `redirects` are the
    addresses that led here, without the last.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    received: int
    seconds: float
    redirects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Read a header, several joined by commas; empty when absent."""
        return ", ".join(self.all(name))

    def all(self, name: str) -> list[str]:
        """Read every header of a name, which is in lower case."""
        return [value for key, value in self.headers if key == name]

    @property
    def media_type(self) -> str:
        """The type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()


@dataclass(slots=True, frozen=True)
class Limits:
    """How much one fetch may take."""

    size: int = 5 * MIB
    seconds: float = 20.0
    allowed: frozenset[str] = frozenset()


def fetch(url: str, limits: Limits) -> Response:
    """Get a page, whatever its status.

    Raises one of `jobs.providers.errors`, with a message for people.
    """
    began = time.monotonic()
    visited: list[str] = []
    here = _read(url)
    deadline = Deadline.after(here.host, limits.seconds)
    while True:
        response = _get(here, limits, deadline)
        onward = response.header("location")
        if response.status not in _REDIRECTS or not onward:
            break
        visited.append(str(here))
        here = _next(here, onward, visited)
    seconds = time.monotonic() - began
    return Response(
        str(here),
        response.status,
        response.headers,
        response.content,
        response.received,
        round(seconds, 3),
        tuple(visited),
    )


def _read(url: str) -> httpx2.URL:
    try:
        return read_url(url)
    except ValueError as error:
        raise RefusedAddressError(str(error)) from error


def _next(here: httpx2.URL, onward: str, visited: list[str]) -> httpx2.URL:
    try:
        target = str(here.join(onward).copy_with(fragment=None))
    except (httpx2.InvalidURL, ValueError) as error:
        message = f"{here.host} redirects to {onward[:200]!r}, which is no address."
        raise BrokenAnswerError(message) from error
    if target in visited:
        message = f"{here.host} redirects in a circle, back to {target}."
        raise RedirectLoopError(message)
    if len(visited) > _MOST_REDIRECTS:
        message = f"{here.host} redirects more than {_MOST_REDIRECTS} times."
        raise RedirectLoopError(message)
    return _read(target)


def _get(url: httpx2.URL, limits: Limits, deadline: Deadline) -> Response:
    network = GuardedNetwork(limits.allowed, deadline)
    host = url.netloc
    headers = [(b"Host", host), *_ASKED]
    with (
        _explained(url.host, deadline),
        httpcore2.ConnectionPool(network_backend=network) as pool,
        pool.stream("GET", str(url), headers=headers) as answer,
    ):
        named = tuple(_header(*pair) for pair in answer.headers)
        received, content = _body(answer, named, limits.size, deadline)
        return Response(str(url), answer.status, named, content, received, 0.0)


def _header(name: bytes, value: bytes) -> tuple[str, str]:
    return name.decode("latin-1").lower(), value.decode("latin-1")


def _body(
    answer: httpcore2.Response,
    headers: tuple[tuple[str, str], ...],
    most: int,
    deadline: Deadline,
) -> tuple[int, bytes]:
    """Read the body up to the cap, packed and unpacked; count what came."""
    said = dict(headers)
    if answer.status in _REDIRECTS and "location" in said:
        return 0, b""
    _refuse_announced(said.get("content-length", ""), most)
    unpack = unpacker(said.get("content-encoding", ""), most)
    received, parts = 0, bytearray()
    for chunk in answer.iter_stream():
        deadline.left()
        received += len(chunk)
        parts += unpack(chunk, most - len(parts))
        if max(received, len(parts)) > most:
            raise TooLargeError(f"The page is larger than {most / MIB:g} MB.")
    return received, bytes(parts)


def _refuse_announced(length: str, most: int) -> None:
    if length.isdecimal() and int(length[:20]) > most:
        size = int(length[:20]) / MIB
        message = f"The page is larger than {most / MIB:g} MB (got {size:.1f} MB)."
        raise TooLargeError(message)


@contextmanager
def _explained(host: str, deadline: Deadline) -> Iterator[None]:
    """Turn the protocol library's errors into ours."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise TooSlowError(deadline.host, deadline.seconds) from error
    except httpcore2.ConnectError as error:
        if _is_tls(error):
            message = f"{host} has no valid secure connection: {_reason(error)}."
            raise TlsError(message) from error
        raise UnreachableError(f"{host} does not answer.") from error
    except httpcore2.ProtocolError as error:
        if _CUT.search(str(error)):
            raise UnreachableError(f"{host} broke the connection off.") from error
        message = f"{host} did not answer as a web server does."
        raise BrokenAnswerError(message) from error
    except (httpcore2.NetworkError, OSError) as error:
        raise UnreachableError(f"{host} broke the connection off.") from error


def _is_tls(error: BaseException) -> bool:
    return isinstance(error.__cause__ or error.__context__, ssl.SSLError)


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message.rstrip(".")
    return "it does not speak TLS as expected"
