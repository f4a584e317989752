"""A server of odd answers, and a wall that no packet of a test gets over."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.jobs.providers.odd_server import OddServer


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse every connection off this machine, whatever the guard thinks of it.

    The list holds where somebody tried to connect to.
    """
    tried: list[str] = []
    connect = socket.socket.connect

    def walled(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        tried.append(str(host))
        if not ipaddress.ip_address(host).is_loopback:
            raise ConnectionRefusedError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", walled)
    return tried


@pytest.fixture
def server() -> Iterator[OddServer]:
    with OddServer() as started:
        yield started


@pytest.fixture
def names(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str, list[list[str]]], list[str]]:
    """Lets a name have addresses, in turn one answer a look-up; returns the asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def give(name: str, answers: list[list[str]]) -> list[str]:
        def resolve(host: str, port: int, *rest: Any, **named: Any) -> Any:
            if host != name:
                return real(host, port, *rest, **named)
            asked.append(host)
            found = answers[min(len(asked), len(answers)) - 1]
            return [(0, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return give
