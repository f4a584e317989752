"""A step that was cut between its effect and its record follows its policy."""

import httpx2
import pytest

from jobs.kit import Ask, InDoubt, Landed, NonRetriableError
from jobs.kit.attempt import Suspended
from jobs.kit.testing import Crash, run
from models.states import Reason, State
from tests.kinds import LATER, a_kind


def paying(calls, in_doubt, effect="pay.charge"):
    """A job that pays in a step; `calls` has each payment that went out."""

    def body(ctx, args):
        return ctx.step(
            "pay", calls.note, "paid", "receipt", effect=effect, in_doubt=in_doubt
        )

    return a_kind(body)


def test_an_effect_is_marked_before_it_happens(calls):
    def pay(ledger):
        calls.append(ledger._job.steps["pay"].state)

    def body(ctx, args):
        ctx.step("pay", pay, ctx._ledger, effect="pay.charge")

    run(a_kind(body))

    assert calls == ["started"]


def test_with_a_key_that_the_provider_honours_it_is_asked_again(calls):
    trial = run(paying(calls, InDoubt.RETRY_SAME_KEY), crash_in="pay")
    assert isinstance(trial.outcome, Crash)

    assert trial.run().result == "receipt"
    assert calls == ["paid", "paid"]


def test_an_effect_that_the_provider_knows_of_is_not_repeated(calls):
    ask = Ask(lambda: Landed("the first receipt"))

    trial = run(paying(calls, ask), crash_in="pay").run()

    assert trial.result == "the first receipt"
    assert calls == ["paid"]


def test_an_effect_that_landed_without_a_result_is_not_repeated(calls):
    trial = run(paying(calls, Ask(lambda: Landed(None))), crash_in="pay").run()

    assert trial.state is State.COMPLETED
    assert trial.result is None
    assert calls == ["paid"]


def test_an_effect_that_the_provider_does_not_know_is_done_again(calls):
    trial = run(paying(calls, Ask(lambda: None)), crash_in="pay").run()

    assert trial.result == "receipt"
    assert calls == ["paid", "paid"]


def test_a_provider_that_cannot_be_asked_is_asked_again_later(calls):
    def down():
        calls.append("asked")
        if calls.count("asked") == 1:
            message = "provider down"
            raise ConnectionError(message)
        return Landed("found")

    trial = run(paying(calls, Ask(down)), crash_in="pay").run()

    assert trial.result == "found"
    assert calls == ["paid", "asked", "asked"]


def test_an_effect_on_hold_waits_for_an_operator(calls):
    trial = run(paying(calls, InDoubt.HOLD), crash_in="pay").run()

    assert trial.state is State.WAITING
    assert isinstance(trial.outcome, Suspended)
    assert trial.outcome.cause.reason is Reason.HOLD
    assert trial.outcome.cause.until is None
    assert trial.steps["pay"].state == "held"
    assert calls == ["paid"]


def test_a_step_without_an_effect_simply_runs_again(calls):
    trial = run(paying(calls, InDoubt.HOLD, effect=None), crash_in="pay").run()

    assert trial.result == "receipt"
    assert calls == ["paid", "paid"]


def failing(error):
    def body(ctx, args):
        def ask():
            raise error

        ctx.step("pay", ask, effect="pay.charge", in_doubt=InDoubt.HOLD)

    return a_kind(body)


@pytest.mark.parametrize(
    "error",
    [httpx2.ReadTimeout("no answer"), ConnectionResetError("cut"), ValueError("odd")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_may_have_come_after_the_effect_holds_the_job(error):
    trial = run(failing(error))

    assert trial.state is State.WAITING
    assert trial.steps["pay"].state == "held"


@pytest.mark.parametrize(
    "error",
    [httpx2.ConnectError("refused"), NonRetriableError("card declined")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_came_before_the_effect_is_tried_or_fails_as_usual(error):
    assert run(failing(error)).state is State.FAILED


def test_a_time_out_after_sending_is_settled_before_the_call_is_made_again(calls):
    def pay():
        calls.append("paid")
        message = "no answer"
        raise httpx2.ReadTimeout(message)

    def look():
        return calls.note("asked", Landed("found"))

    def body(ctx, args):
        return ctx.step("pay", pay, effect="pay.charge", in_doubt=Ask(look))

    trial = run(a_kind(body))

    assert trial.result == "found"
    assert calls == ["paid", "asked"]
    assert trial.steps["pay"].tries == 2


def test_a_doubt_outlives_a_wait_and_the_worker(calls):
    def pay():
        calls.append("paid")
        message = "no answer"
        raise httpx2.ReadTimeout(message)

    def body(ctx, args):
        ask = Ask(lambda: calls.note("asked", Landed("found")))
        return ctx.step("pay", pay, effect="pay.charge", in_doubt=ask, retry=LATER)

    trial = run(a_kind(body))

    assert (trial.attempts, trial.result) == (2, "found")
    assert calls == ["paid", "asked"]


def test_when_nobody_can_say_whether_it_landed_an_operator_decides(calls):
    def cut():
        calls.append("asked" if "paid" in calls else "paid")
        message = "cut"
        raise ConnectionResetError(message)

    def body(ctx, args):
        ctx.step("pay", cut, effect="pay.charge", in_doubt=Ask(cut))

    trial = run(a_kind(body))

    assert trial.state is State.WAITING
    step = trial.steps["pay"]
    assert (step.state, step.error, step.failures) == ("held", "cut", 3)
    assert calls == ["paid", "asked", "asked"]


def test_an_effect_that_never_happened_fails_when_its_tries_are_used_up(calls):
    def cut():
        calls.append("paid")
        message = "cut"
        raise ConnectionResetError(message)

    def body(ctx, args):
        ctx.step("pay", cut, effect="pay.charge", in_doubt=Ask(lambda: None))

    trial = run(a_kind(body))

    assert trial.state is State.FAILED
    assert trial.steps["pay"].state == "failed"
    assert calls == ["paid"] * 3
