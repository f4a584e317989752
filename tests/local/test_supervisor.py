"""The supervisor restarts what dies and ends everything in order."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.part import Part, PartFailedError
from local.supervisor import Supervisor
from tests.waiting import exists, until

SLEEPER = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True); time.sleep(60)"
)
POLITE = """
import signal, sys, time
def end(*_):
    open('ended', 'a').write('{name} ')
    sys.exit()
signal.signal(signal.SIGTERM, end)
print('listening', flush=True)
time.sleep(60)
"""
SECOND = timedelta(seconds=1)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    started = Supervisor()
    yield started
    started.stop()


def keep(supervisor: Supervisor, part: Part, rank: int = 0) -> None:
    supervisor.start(part, part.start, rank=rank, patience=SECOND)


def revived(part: Part, old: int) -> bool:
    return part.alive and part.pid != old


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_part_that_was_killed_runs_again(supervisor, part, number, capsys):
    worker = part(SLEEPER, "worker-1")
    keep(supervisor, worker)
    old = worker.pid

    os.kill(old, number)
    watch(supervisor, lambda: revived(worker, old))

    said = capsys.readouterr()
    assert f"worker-1 (pid {old}) was killed by signal {int(number)}" in said.err
    assert f"worker-1 runs again as pid {worker.pid}" in said.err
    assert said.out == ""


def watch(supervisor: Supervisor, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    supervisor.watch_until(lambda: done() or time.monotonic() > deadline)
    assert done()


def test_a_halted_part_is_left_alone_and_ends_when_asked(supervisor, part):
    worker = part(POLITE.format(name="worker"))
    keep(supervisor, worker)
    until(worker.program.log.read_text)
    os.kill(worker.pid, signal.SIGSTOP)

    supervisor.tick()
    supervisor.stop()

    assert worker.exit_code == 0


def test_a_part_that_never_starts_is_given_up_with_the_end_of_its_log(supervisor, part):
    keep(supervisor, part("raise SystemExit('no database')"))

    with pytest.raises(PartFailedError, match="no database"):
        supervisor.watch_until(lambda: False)


def test_a_part_that_keeps_dying_is_started_less_and_less_often(supervisor, part):
    keep(supervisor, part("open('starts', 'a').write('x')"))
    with pytest.raises(PartFailedError):
        supervisor.watch_until(lambda: False)

    pauses = [w.revive_at - w.started for w in supervisor._watched if w.revive_at]

    assert pauses
    assert min(pauses) > 8 * 0.2


def test_parts_end_rank_by_rank(supervisor, part, tmp_path):
    database, worker, web = (
        part(POLITE.format(name=name), name) for name in ("database", "worker", "web")
    )
    keep(supervisor, database, rank=2)
    keep(supervisor, worker, rank=0)
    keep(supervisor, web, rank=0)
    until(lambda: all(p.program.log.read_text() for p in (database, worker, web)))

    supervisor.stop()

    ended = (tmp_path / "ended").read_text().split()
    assert sorted(ended[:2]) == ["web", "worker"]
    assert ended[2:] == ["database"]


def test_a_part_that_will_not_end_is_killed_when_its_patience_is_over(
    supervisor, part, capsys
):
    deaf = part(STUBBORN)
    keep(supervisor, deaf)
    until(deaf.program.log.read_text)

    began = time.monotonic()
    supervisor.stop()

    assert deaf.exit_code == -signal.SIGKILL
    assert "part did not end in time and was killed" in capsys.readouterr().err
    assert 0.9 < time.monotonic() - began < 3


def test_what_a_dead_part_leaves_in_its_session_is_ended_before_it_starts_again(
    supervisor, part, tmp_path
):
    family = part(
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        "open('child', 'w').write(str(child.pid)); time.sleep(60)"
    )
    keep(supervisor, family)
    note: Path = tmp_path / "child"
    until(lambda: note.exists() and note.read_text())
    child, old = int(note.read_text()), family.pid

    os.kill(old, signal.SIGKILL)
    watch(supervisor, lambda: revived(family, old))

    until(lambda: not exists(child))


def test_the_pid_stays_the_programs_own(part):
    worker = part(
        "import os; print(os.getpid(), flush=True); import time; time.sleep(9)"
    )
    worker.start()

    until(worker.program.log.read_text)

    assert int(worker.program.log.read_text()) == worker.pid
