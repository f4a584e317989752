"""Job kinds that are declared in a test are forgotten with it."""

from collections.abc import Iterator

import pytest

from tests.kinds import forgotten


@pytest.fixture(autouse=True)
def _forget_kinds() -> Iterator[None]:
    with forgotten():
        yield
