"""Cancel, hand over and a lost lease end an attempt where they may, and only there."""

import time
from datetime import timedelta

import pytest

from jobs.kit import attempt
from jobs.kit.attempt import Lost, Stopped
from jobs.kit.errors import CancelRequested, HandOver, LeaseLost
from jobs.kit.ledger import Signals
from jobs.kit.testing import run
from models.persistence import GivenUpError
from models.states import State
from tests.kinds import a_kind

TWO_STEPS = ["one", "two"]


def two_steps(calls):
    def body(ctx, args):
        for name in TWO_STEPS:
            ctx.step(name, calls.note, name)
        return "done"

    return a_kind(body)


def test_a_cancel_stops_the_job_before_its_next_step(calls):
    trial = run(two_steps(calls), cancel_after="one")

    assert isinstance(trial.outcome, Stopped)
    assert trial.state is State.CANCELLED
    assert calls == ["one"]


def test_a_worker_that_stops_hands_over_between_steps_and_nothing_is_repeated(calls):
    trial = run(two_steps(calls), hand_over_after="one")

    assert trial.result == "done"
    assert (trial.attempts, trial.failures) == (2, 0)
    assert calls == TWO_STEPS


def test_a_cancel_that_comes_with_the_last_step_comes_too_late(calls):
    assert run(two_steps(calls), cancel_after="two").state is State.COMPLETED


def test_a_cancel_stops_a_job_before_it_sleeps():
    def body(ctx, args):
        ctx.step("one", int)
        ctx.sleep("night", timedelta(hours=1))

    trial = run(a_kind(body), cancel_after="one")

    assert trial.state is State.CANCELLED
    assert trial.waits == []


def test_a_job_cannot_swallow_what_stops_it(calls):
    def body(ctx, args):
        for name in TWO_STEPS:
            try:
                ctx.step(name, calls.note, name)
            except Exception:  # noqa: BLE001 - what a careless author writes
                calls.append("swallowed")

    run(a_kind(body), cancel_after="one")

    assert calls == ["one"]


def test_an_outage_that_was_given_up_is_a_lost_job_and_no_error_of_it():
    def body(ctx, args):
        raise GivenUpError

    assert isinstance(attempt.run(a_kind(body), None, {}), Lost)


def test_a_step_may_be_interrupted_by_a_cancel_but_not_by_a_deploy():
    signals = Signals(draining=True)
    signals.interrupt_step()
    with pytest.raises(HandOver):
        signals.interrupt_job()

    signals.cancel()
    with pytest.raises(CancelRequested):
        signals.interrupt_step()

    signals.lose()
    with pytest.raises(LeaseLost):
        signals.interrupt_step()


def test_a_pause_ends_early_when_nobody_wants_its_step():
    signals = Signals()
    signals.cancel()

    with pytest.raises(CancelRequested):
        signals.pause(timedelta(hours=1))


def test_a_pause_goes_on_through_a_deploy():
    signals = Signals()
    signals.drain()
    began = time.monotonic()

    signals.pause(timedelta(seconds=0.01))

    assert time.monotonic() - began >= 0.01
