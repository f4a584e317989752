"""Loopback ports that stay ours."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel lends ports to outgoing connections: while
# a server restarts, one of those could sit on its port.
LISTENING = range(15_000, 32_000)


class NoFreePortError(Exception):
    """No port is free on loopback."""


def free_port() -> int:
    """Return a port on which a server may listen, now and after a restart."""
    for port in random.sample(LISTENING, 200):
        if is_free(port):
            return port
    raise NoFreePortError


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
