"""Servers and programs for tests of `local`."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.part import Part, Program
from local.servers import Servers, running


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with running(tmp_path / "data") as started:
        yield started


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Callable[..., Part]]:
    """Makes parts that run a few lines of Python; none outlives its test."""
    made: list[Part] = []

    def make(code: str, name: str = "part") -> Part:
        command = (sys.executable, "-I", "-c", code)
        log = tmp_path / f"{name}.log"
        made.append(Part(Program(name, command, folder=tmp_path, log=log)))
        return made[-1]

    yield make
    for one in made:
        one.kill()
