"""Processes under measurement: started together, ended together, weighed."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from local.part import Part, Program, stop_together

STOPS_WITHIN = timedelta(seconds=30)


@contextmanager
def running(programs: Iterable[Program]) -> Iterator[list[Part]]:
    """Run the programs for the length of a block; parts may be added to the list."""
    parts = [Part(program) for program in programs]
    try:
        for part in parts:
            part.start()
        yield parts
    finally:
        stop_together(parts, STOPS_WITHIN)


def family(pid: int) -> list[int]:
    """List a process and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def shared_out(pids: Iterable[int]) -> float:
    """Weigh processes in MiB by PSS: a page of n processes counts for 1/n in each."""
    return sum(_field(pid, ("Pss:",)) for pid in pids)


def unshared(pids: Iterable[int]) -> float:
    """Weigh processes in MiB by USS: what would be free were they gone."""
    return sum(_field(pid, ("Private_Clean:", "Private_Dirty:")) for pid in pids)


def _field(pid: int, names: tuple[str, ...]) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kibibytes = sum(int(line.split()[1]) for line in lines if line.startswith(names))
    return kibibytes / 1024
