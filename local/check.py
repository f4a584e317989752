"""`./run check`: everything that is judged without running the service."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from local import lock
from local.part import PartFailedError
from local.parts import ROOT
from local.release import migrate
from local.servers import running


class CheckFailedError(Exception):
    """A check found something; the message is what it printed."""


@dataclass(frozen=True)
class Check:
    """A name and what raises CheckFailedError or PartFailedError."""

    name: str
    judge: Callable[[], None]


def main() -> None:
    """Run all checks, say how each went, fail if one did."""
    failed = [check.name for check in CHECKS if not _passes(check)]
    if failed:
        sys.exit(f"Not in order: {', '.join(failed)}.")


def _passes(check: Check) -> bool:
    began = time.monotonic()
    try:
        check.judge()
    except (CheckFailedError, PartFailedError) as error:
        _print(f"FAILED  {check.name}\n{error}")
        return False
    _print(f"ok      {check.name} ({time.monotonic() - began:.1f} s)")
    return True


def _tool(program: str, *arguments: str, database: str | None = None) -> None:
    """Run a tool of .venv; a script by its Python, for a shebang may be stale."""
    path = Path(sys.executable).with_name(program)
    is_script = path.read_bytes().startswith(b"#!")
    owner = {"DATABASE_URL": database} if database else {}
    done = subprocess.run(
        ([sys.executable] if is_script else []) + [str(path), *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **owner},
    )
    if done.returncode:
        raise CheckFailedError((done.stdout + done.stderr).strip())


def _locks() -> None:
    found = lock.complaints()
    if found:
        raise CheckFailedError("\n".join(found))


def _migrations() -> None:
    """Go to head, compare with the models, go back to nothing and up again."""
    with tempfile.TemporaryDirectory() as made, running(Path(made)) as servers:
        migrate(servers.folder, servers.addresses)
        alembic = partial(_tool, "alembic", database=servers.database_url)
        alembic("check")
        alembic("downgrade", "base")
        alembic("upgrade", "head")


COMPOSE_SCHEMA = ("--builtin-schema", "vendor.compose-spec")
CHECKS = (
    Check("format", partial(_tool, "ruff", "format", "--check", ".")),
    Check("lint", partial(_tool, "ruff", "check", "--output-format=concise", ".")),
    Check("types", partial(_tool, "mypy")),
    Check("layers", partial(_tool, "lint-imports")),
    Check("locks", _locks),
    Check("migrations", _migrations),
    Check(
        "compose",
        partial(_tool, "check-jsonschema", *COMPOSE_SCHEMA, "docker-compose.yml"),
    ),
    Check("dockerfile", partial(_tool, "hadolint", "Dockerfile")),
)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
