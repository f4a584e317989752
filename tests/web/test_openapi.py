"""The description of the API is true: a machine calls every operation by it."""

import subprocess
import sys

import pytest

from tests.web.conftest import Caller
from tests.web.serving import serving


@pytest.mark.timeout(300)
def test_a_machine_that_follows_the_description_finds_no_contradiction(
    operator: Caller, environment: dict[str, str]
) -> None:
    with serving(**environment) as web:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run"),
                f"{web.url}/openapi.json",
                *("--header", f"Authorization: Bearer {operator.key}"),
                # A stream of a job that runs has no end.
                *("--header", "Accept: application/json"),
                # No worker runs here, so it is rightly not ready.
                *("--exclude-path", "/readyz"),
                *("--max-examples", "10"),
                *("--workers", "2"),
                *("--seed", "1"),
                "--no-color",
                *("--generation-database", ":memory:"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    assert found.returncode == 0, found.stdout[-8000:] + found.stderr[-2000:]
