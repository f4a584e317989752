"""An isolated attempt takes nobody along, and does not outlive its worker."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.kit import catalogue
from jobs.kit.attempt import HandedOver, Lost, Returned, Stopped
from models import transitions
from models.states import Reason, State
from tests.factories import claimed, letters, row, state
from tests.waiting import exists, until
from worker.children import fork_server, in_child

LONG = {"steps": 1, "seconds": 60}


@pytest.fixture(scope="module")
def carry_out(environment):
    return in_child(fork_server())


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.fixture
def sit(hand, carry_out, pool):
    """Carries an attempt at a probe out in a child, with a seat to reach it by."""
    opened = []

    def start(payload, **policy):
        kind = replace(catalogue()["probe"], **policy)
        claim = claimed(hand.db, hand.submit("probe", payload), hand.worker_id)
        opened.append(hand.desk.seat(claim, kind))
        seat = opened[-1].__enter__()
        return seat, pool.submit(carry_out, seat)

    yield start
    for one in opened:
        one.__exit__(None, None, None)


def the_child(seat=None) -> int:
    """The process that carries an attempt out, once its first step is under way."""
    until(lambda: seat is None or seat.doing.step)
    return max(child.pid for child in multiprocessing.active_children())


def test_an_attempt_is_carried_out_in_a_process_of_its_own(hand, carry_out):
    job_id = hand.submit("probe", {"steps": 2})

    assert hand.deliver(job_id, 1, carry_out) is State.COMPLETED
    until(lambda: not multiprocessing.active_children())


@pytest.mark.parametrize(
    ("killer", "cause"),
    [
        (signal.SIGSEGV, "SIGSEGV"),
        (signal.SIGABRT, "SIGABRT"),
        (signal.SIGKILL, "killed, probably out of memory"),
    ],
)
def test_a_job_that_ends_its_process_three_times_is_not_run_again(
    owner, hand, carry_out, pool, killer, cause
):
    job_id = hand.submit("probe", LONG)

    for number in (1, 2, 3):
        ended: Future[State] = pool.submit(hand.deliver, job_id, number, carry_out)
        until(
            lambda: [seat.doing.step for seat in hand.desk.seats()] not in ([], [None])
        )
        os.kill(the_child(), killer)
        expected = State.FAILED if number == 3 else State.PENDING
        assert ended.result(15) is expected

    failed = row(owner, job_id)
    assert (failed.reason, failed.own_deaths) == (Reason.QUARANTINED, 3)
    assert letters(owner)[0].error_message == (
        f"The job ended its own process 3 times ({cause})."
    )


def test_a_death_of_a_child_leaves_its_neighbours_alone(hand, sit):
    seat, dying = sit(LONG)
    killed = the_child(seat)
    neighbour, working = sit({"steps": 1, "seconds": 1})
    the_child(neighbour)

    os.kill(killed, signal.SIGSEGV)

    assert isinstance(dying.result(15), HandedOver)
    assert isinstance(working.result(15), Returned)


def test_an_attempt_over_its_time_limit_is_killed(owner, sit, soon):
    seat, ended = sit(LONG, timeout=soon)

    assert isinstance(ended.result(20), Lost)

    assert state(owner, seat.claimed.held.job_id) is State.WAITING
    until(lambda: not multiprocessing.active_children())


def test_a_child_is_told_of_a_cancel(sit):
    seat, ended = sit(LONG)
    the_child(seat)

    seat.signals.cancel()

    assert isinstance(ended.result(15), Stopped)


def test_a_child_hands_over_between_steps_when_its_worker_stops(owner, sit):
    seat, ended = sit({"steps": 9, "seconds": 0.4})
    the_child(seat)

    seat.signals.drain()

    assert isinstance(ended.result(15), HandedOver)


def test_a_child_whose_job_was_taken_is_killed(hand, sit):
    seat, ended = sit(LONG)
    pid = the_child(seat)
    transitions.hand_over(hand.db, seat.claimed.held)

    seat.signals.lose()

    assert isinstance(ended.result(15), Lost)
    until(lambda: not exists(pid))


def test_a_child_ignores_a_stop_that_its_whole_group_is_sent(sit):
    seat, ended = sit({"steps": 1, "seconds": 1})

    os.kill(the_child(seat), signal.SIGTERM)

    assert isinstance(ended.result(15), Returned)


def test_a_child_tells_what_it_does(sit):
    seat, ended = sit({"steps": 2, "seconds": 0.5})
    until(lambda: seat.doing.progress == 50 and seat.doing.step)

    assert seat.doing.step.call.name == "step 2"
    assert seat.doing.step.limit == timedelta(seconds=300.5)
    ended.result(15)
