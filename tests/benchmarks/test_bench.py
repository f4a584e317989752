"""`./run bench` works, so that nobody finds it rotten when figures are needed."""

import os
import subprocess
import sys

import pytest

from local.parts import PYTHON, ROOT

# DBOS would have to be installed, and tests stay on this machine.
OFFLINE = ("--without", "dbos")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-P", "-m", "benchmarks", *arguments),
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **PYTHON},
    )


@pytest.mark.timeout(300)
def test_a_quick_run_prints_the_rows_that_were_asked_for_with_their_peers() -> None:
    done = bench("trivial", "waiting", "--quick", *OFFLINE)

    assert done.returncode == 0, done.stderr
    _, _, trivial, waiting = [
        line for line in done.stdout.splitlines() if line.startswith("|")
    ]
    assert "RQ Worker (forking)" in trivial
    assert "RQ SimpleWorker" in trivial
    assert "a worker and its fork" in waiting
    assert "these figures mean nothing" in done.stdout


def test_an_unknown_row_is_refused_with_the_names_of_the_known_ones() -> None:
    done = bench("nothing")

    assert done.returncode == 2
    assert "durable" in done.stderr
