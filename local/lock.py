"""`./run lock`: pin the dependencies, and know whether the pins are fresh.

Two files of hashes, without any index's address: `requirements.lock` for work on
the project (all groups), `requirements.txt` for production, which is also the
name hosting platforms look for.
"""

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

from local.parts import ROOT

PROJECT = ROOT / "pyproject.toml"
EVERYTHING = ROOT / "requirements.lock"
PRODUCTION = ROOT / "requirements.txt"
PIP = ROOT / "tools" / "pip-26.3-py3-none-any.whl" / "pip"
UV = "uv==0.13.9"
TOOLS = ROOT / "var" / "tools" / UV
OPTIONS = ("--universal", "--generate-hashes", "--no-annotate", "--no-header")
HEADER = "# Made by ./run lock from dependencies {digest}\n"


def main() -> None:
    """Pin again; arguments such as `--upgrade` go to uv."""
    _install_uv()
    arguments = tuple(sys.argv[1:])
    _compile(EVERYTHING, "--group", "local", "--group", "dev", *arguments)
    # The same versions in production as in the tests.
    _compile(PRODUCTION, "--constraint", EVERYTHING.name, "--upgrade")


def complaints() -> list[str]:
    """Say what is wrong with the lock files, without any network."""
    return [
        f"{path.name}: {complaint}"
        for path in (EVERYTHING, PRODUCTION)
        for complaint in _complaints(path)
    ]


def _complaints(path: Path) -> list[str]:
    text = path.read_text() if path.exists() else ""
    found = []
    if not text.startswith(HEADER.format(digest=_digest())):
        found.append("older than pyproject.toml's dependencies; run ./run lock")
    if "://" in text:
        found.append("holds an address; whoever installs chooses the index")
    return found


def _digest() -> str:
    """Return the hash of what pyproject.toml asks for, in any order and layout."""
    asked = tomllib.loads(PROJECT.read_text())
    wanted = (
        asked["project"]["requires-python"],
        sorted(asked["project"]["dependencies"]),
        {name: sorted(group) for name, group in asked["dependency-groups"].items()},
    )
    text = json.dumps(wanted, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _install_uv() -> None:
    """Keep uv out of .venv: nothing but this command needs its 38 MB."""
    if not TOOLS.exists():
        where = ("-qq", "--no-deps", "--target", str(TOOLS))
        subprocess.run((sys.executable, str(PIP), "install", *where, UV), check=True)


def _compile(path: Path, *options: str) -> None:
    unfinished = path.with_suffix(f"{path.suffix}.new")
    if path.exists():
        # uv keeps the versions that it finds in its output.
        unfinished.write_text(path.read_text())
    uv = (str(TOOLS / "bin" / "uv"), "pip", "compile", "--quiet", *OPTIONS)
    python = ("--python-version", "3.11", "--python", sys.executable)
    output = ("--output-file", str(unfinished), *options, PROJECT.name)
    # It would otherwise look for another Python on the network.
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    try:
        subprocess.run((*uv, *python, *output), check=True, cwd=ROOT, env=environment)
        pins = unfinished.read_text()
        path.write_text(HEADER.format(digest=_digest()) + pins)
    finally:
        unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
