"""Whatever a server does, a fetch ends in time, within its size, with clear words."""

import gzip
import socket
import time
from typing import Any

import pytest

from jobs.providers.errors import (
    BrokenAnswerError,
    RedirectLoopError,
    TlsError,
    TooLargeError,
    TooSlowError,
    UnreachableError,
)
from jobs.providers.fetch import Limits, fetch
from tests.jobs.providers.odd_server import OddServer

OK = "HTTP/1.1 200 OK\nContent-Type: text/html"
KIB = 1024


def get(server: OddServer, url: str, **limits: Any) -> Any:
    return fetch(url, Limits(allowed=server.allowed, **limits))


def test_a_page_comes_with_its_headers_its_size_and_how_it_was_reached(
    server: OddServer,
) -> None:
    head = "HTTP/1.1 301 Moved\nLocation: /new#part\nContent-Length: 0"
    old = server.answer("/old", head)
    packed = gzip.compress(b"<p>Hello.")
    head = f"{OK}\nContent-Encoding: gzip\nSet-Cookie: a=1\nSet-Cookie: b=2"
    server.answer("/new", f"{head}\nContent-Length: {len(packed)}", packed)

    response = get(server, old)

    assert response.url == server.url("/new")
    assert response.redirects == (old,)
    assert response.content == b"<p>Hello."
    assert response.received == len(packed)
    assert response.all("set-cookie") == ["a=1", "b=2"]
    assert f"Host: 127.0.0.1:{server.port}" in server.requests[0]


def test_a_page_that_announces_too_much_is_refused_at_once(server: OddServer) -> None:
    url = server.answer("/", f"{OK}\nContent-Length: {50 * KIB * KIB}")

    with pytest.raises(TooLargeError, match=r"larger than 5 MB \(got 50\.0 MB\)"):
        get(server, url)


def test_a_page_that_never_stops_is_cut_off_at_the_cap(server: OddServer) -> None:
    sent: list[int] = []

    def pour(peer: socket.socket) -> None:
        peer.sendall(OK.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        while not server.stopped.is_set():
            sent.append(peer.send(b"x" * KIB))

    with pytest.raises(TooLargeError, match="larger than 1 MB"):
        get(server, server.script("/", pour), size=KIB * KIB)

    assert sum(sent) < 10 * KIB * KIB


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(
    server: OddServer,
) -> None:
    bomb = gzip.compress(b"\0" * (50 * KIB * KIB))
    head = f"{OK}\nContent-Encoding: gzip\nContent-Length: {len(bomb)}"

    with pytest.raises(TooLargeError, match="larger than 5 MB when unpacked"):
        get(server, server.answer("/", head, bomb))


def test_damaged_compression_is_named(server: OddServer) -> None:
    head = f"{OK}\nContent-Encoding: gzip\nContent-Length: 9"

    with pytest.raises(BrokenAnswerError, match="cannot be unpacked"):
        get(server, server.answer("/", head, b"not gzip!"))


def test_compression_nobody_asked_for_is_named(server: OddServer) -> None:
    head = f"{OK}\nContent-Encoding: br\nContent-Length: 3"

    with pytest.raises(BrokenAnswerError, match="'br', which was not asked for"):
        get(server, server.answer("/", head, b"abc"))


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_left_at_the_deadline_of_the_whole_exchange(
    server: OddServer, prefix: bytes
) -> None:
    def drip(peer: socket.socket) -> None:
        peer.sendall(prefix)
        while not server.stopped.wait(0.1):
            peer.sendall(b"H")

    began = time.monotonic()
    with pytest.raises(TooSlowError, match="whole answer within 1 seconds"):
        get(server, server.script("/", drip), seconds=1.0)

    assert 0.9 < time.monotonic() - began < 3


def test_the_deadline_counts_over_all_redirects_together(server: OddServer) -> None:
    def late(number: int) -> Any:
        def answer(peer: socket.socket) -> None:
            server.stopped.wait(0.4)
            head = f"HTTP/1.1 302 Found\r\nLocation: /{number + 1}\r\n"
            peer.sendall(f"{head}Content-Length: 0\r\n\r\n".encode())

        return answer

    for number in range(6):
        server.script(f"/{number}", late(number))

    with pytest.raises(TooSlowError):
        get(server, server.url("/0"), seconds=1.0)


def test_a_redirect_in_a_circle_is_named(server: OddServer) -> None:
    server.answer("/a", "HTTP/1.1 302 Found\nLocation: /b\nContent-Length: 0")
    server.answer("/b", "HTTP/1.1 302 Found\nLocation: /a\nContent-Length: 0")

    with pytest.raises(RedirectLoopError, match="in a circle"):
        get(server, server.url("/a"))


def test_redirects_that_never_end_are_left_after_five(server: OddServer) -> None:
    for number in range(9):
        onward = f"HTTP/1.1 302 Found\nLocation: /{number + 1}\nContent-Length: 0"
        server.answer(f"/{number}", onward)

    with pytest.raises(RedirectLoopError, match="more than 5 times"):
        get(server, server.url("/0"))

    assert len(server.requests) == 6


def test_a_server_that_does_not_speak_tls_is_named(server: OddServer) -> None:
    url = f"https://127.0.0.1:{server.port}/"
    server.greeting = b"220 this is mail\r\n"

    with pytest.raises(TlsError, match="no valid secure connection"):
        get(server, url)


def test_what_is_not_http_is_named(server: OddServer) -> None:
    url = server.script("/", lambda peer: peer.sendall(b"220 mail ready\r\n\r\n"))

    with pytest.raises(BrokenAnswerError, match="as a web server does"):
        get(server, url)


def test_an_answer_that_breaks_off_may_be_tried_again(server: OddServer) -> None:
    url = server.answer("/", f"{OK}\nContent-Length: 100", b"half")

    with pytest.raises(UnreachableError, match="broke the connection off"):
        get(server, url)


def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    allowed = frozenset({f"127.0.0.1:{port}"})

    with pytest.raises(UnreachableError, match="does not answer"):
        fetch(f"http://127.0.0.1:{port}/", Limits(allowed=allowed, seconds=5))
