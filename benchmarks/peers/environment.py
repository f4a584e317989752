"""The virtual environment of the peers, made by the first run that needs it."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from local.lock import PIP
from local.parts import ROOT

LOCK = ROOT / "benchmarks" / "requirements.lock"
PLACE = ROOT / "var" / "bench-venv"
OPTIONS = (
    "-qq",
    "--no-compile",
    "--no-deps",
    "--require-hashes",
    "--disable-pip-version-check",
)


def python() -> Path:
    """Give its interpreter; raises CalledProcessError when it can't be installed."""
    interpreter = PLACE / "bin" / "python"
    stamp = PLACE / "installed"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest() + sys.version
    if not stamp.exists() or stamp.read_text() != wanted:
        _install(interpreter)
        stamp.write_text(wanted)
    return interpreter


def _install(interpreter: Path) -> None:
    print(f"Installing {LOCK.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    make = (sys.executable, "-m", "venv", "--without-pip", str(PLACE))
    subprocess.run(make, check=True)
    install = (str(interpreter), str(PIP), "install", *OPTIONS)
    subprocess.run((*install, "--requirement", str(LOCK)), check=True)
