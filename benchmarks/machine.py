"""The machine and the versions that the figures belong to."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg

from local.parts import ROOT

PACKAGES = ("rq", "redis", "psycopg", "sqlalchemy", "flask", "gunicorn")
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers")


def describe(database_url: str) -> dict[str, Any]:
    """Say what was measured on, with which versions and settings."""
    with psycopg.connect(database_url) as db:
        postgres = {name: _setting(db, name) for name in SETTINGS}
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memoryGiB": round(_memory() / 2**30),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "commit": _commit(),
        "load": round(os.getloadavg()[0], 2),
        "postgresql": postgres,
        "packages": {name: version(name) for name in PACKAGES},
    }


def sentence(machine: dict[str, Any]) -> str:
    """Say it in one line, for the page with the table."""
    postgres = machine["postgresql"]
    return (
        f"{machine['cores']} cores ({machine['processor']}), "
        f"{machine['memoryGiB']} GiB, Linux {machine['kernel']}, "
        f"Python {machine['python']}, PostgreSQL {postgres['server_version']} with "
        f"fsync {postgres['fsync']}, RQ {machine['packages']['rq']}; "
        f"commit {machine['commit']}, load before the run {machine['load']}."
    )


def _setting(db: psycopg.Connection[Any], name: str) -> str:
    row = db.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return str(row[0]) if row else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _commit() -> str:
    git = ("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    done = subprocess.run(git, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
