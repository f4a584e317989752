"""One whole system for the promises that leave it whole."""

from collections.abc import Iterator

import pytest

from local.stack import Stack, running
from tests.chaos.client import Client

# A kill in here must not be answered by the supervisor alone: two workers.
WORKERS = 2


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start it once; parts that a test kills are restarted by its supervisor."""
    with running(tmp_path_factory.mktemp("chaos"), workers=WORKERS) as started:
        yield started


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    """Speak to it as an operator."""
    with Client(stack) as speaking:
        yield speaking
