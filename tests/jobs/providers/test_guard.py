"""No address leads anywhere but to the open internet, or where it was allowed."""

from collections.abc import Callable

import pytest

from jobs.providers.errors import RefusedAddressError, UnknownHostError
from jobs.providers.fetch import Limits, fetch
from tests.jobs.providers.odd_server import OddServer

Names = Callable[[str, list[list[str]]], list[str]]
HOSTILE = [
    "http://127.0.0.1/",
    "http://localhost/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://0.0.0.0/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fec0::1]/",
    "http://127.0.0.1:6379/",
    "http://example.org:22/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_PING",
    "http://user:password@example.org/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_before_anything_connects(
    url: str, only_loopback: list[str]
) -> None:
    with pytest.raises(RefusedAddressError):
        fetch(url, Limits(seconds=5))

    assert only_loopback == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    names: Names, only_loopback: list[str]
) -> None:
    names("mixed.test", [["93.184.215.14", "10.0.0.7"]])

    with pytest.raises(RefusedAddressError, match=r"mixed\.test is not on the public"):
        fetch("http://mixed.test/", Limits(seconds=5))

    assert only_loopback == []


def test_a_name_is_looked_up_once_so_it_cannot_change_its_mind(
    names: Names, only_loopback: list[str]
) -> None:
    asked = names("rebind.test", [["93.184.215.14"], ["127.0.0.1"]])

    with pytest.raises(Exception, match=r"rebind\.test does not answer"):
        fetch("http://rebind.test/", Limits(seconds=5))

    assert asked == ["rebind.test"]
    assert only_loopback == ["93.184.215.14"]


def test_a_redirect_to_a_private_address_is_refused(server: OddServer) -> None:
    head = "HTTP/1.1 302 Found\nLocation: http://169.254.169.254/\nContent-Length: 0"
    url = server.answer("/", head)

    with pytest.raises(RefusedAddressError, match=r"169\.254\.169\.254"):
        fetch(url, Limits(allowed=server.allowed))


def test_a_redirect_to_another_scheme_is_refused(server: OddServer) -> None:
    head = "HTTP/1.1 302 Found\nLocation: file:///etc/passwd\nContent-Length: 0"

    with pytest.raises(RefusedAddressError, match="Only http and https"):
        fetch(server.answer("/", head), Limits(allowed=server.allowed))


def test_what_is_allowed_is_one_port_of_one_host_and_no_other(
    server: OddServer,
) -> None:
    with OddServer() as other:
        to_other = f"HTTP/1.1 302 Found\nLocation: {other.url('/')}\nContent-Length: 0"
        other.answer("/", "HTTP/1.1 200 OK\nContent-Length: 0")

        with pytest.raises(RefusedAddressError, match="is not one of the web's ports"):
            fetch(server.answer("/", to_other), Limits(allowed=server.allowed))

        assert other.requests == []


def test_a_proxy_in_the_environment_is_not_asked(
    server: OddServer, monkeypatch: pytest.MonkeyPatch, only_loopback: list[str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://10.9.9.9:3128")
    monkeypatch.setenv("ALL_PROXY", "http://10.9.9.9:3128")
    url = server.answer("/", "HTTP/1.1 200 OK\nContent-Length: 0")

    assert fetch(url, Limits(allowed=server.allowed)).status == 200
    assert set(only_loopback) == {"127.0.0.1"}


def test_a_name_nobody_has_is_told_apart_from_a_server_that_is_away() -> None:
    with pytest.raises(UnknownHostError, match=r"no server called nowhere\.invalid"):
        fetch("http://nowhere.invalid/", Limits(seconds=10))
