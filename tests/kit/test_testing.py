"""The harness for job kinds says what it can't do, and never passes by mistake."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from pydantic import ValidationError

from jobs.kit.memory import NoDatabaseError
from jobs.kit.testing import Crash, NotReachedError, run
from models.states import State
from tests.kinds import a_kind


def one_step(ctx, args):
    return ctx.step("one", str, args.pages)


@pytest.mark.parametrize(
    "place", ["crash_after", "crash_in", "cancel_after", "hand_over_after"]
)
def test_an_interruption_that_never_happens_fails_the_test(place):
    with pytest.raises(NotReachedError, match="never came to the end of two"):
        run(a_kind(one_step), **{place: "two"})


def test_the_result_of_a_job_that_did_not_complete_is_not_given():
    trial = run(a_kind(one_step), crash_after="one")

    assert isinstance(trial.outcome, Crash)
    with pytest.raises(NotReachedError, match="has not completed"):
        assert trial.result


def test_a_payload_is_checked_as_at_the_door():
    assert run(a_kind(one_step), {"pages": 7}).result == "7"
    with pytest.raises(ValidationError):
        run(a_kind(one_step, "test.other"), {"page": 7})


def test_a_job_may_crash_more_than_once(calls):
    def body(ctx, args):
        for name in ("one", "two", "three"):
            ctx.step(name, calls.note, name)

    trial = run(a_kind(body), crash_after="one")
    trial.run(crash_in="two").run(crash_after="three").run()

    assert trial.state is State.COMPLETED
    assert calls == ["one", "two", "two", "three"]
    assert trial.attempts == 4


def test_a_crash_before_the_record_loses_the_result(calls):
    trial = run(a_kind(lambda ctx, _: ctx.step("one", calls.note, 1)), crash_in="one")

    assert trial.steps == {}
    assert calls == [1]


def test_time_moves_only_when_a_wait_is_skipped():
    def body(ctx, args):
        ctx.sleep("night", timedelta(hours=8))
        ctx.sleep("day", timedelta(hours=16))

    trial = run(a_kind(body))

    assert sum((wait.length for wait in trial.waits), timedelta(0)) == timedelta(days=1)


def test_a_job_without_a_database_says_what_to_pass():
    def body(ctx, args):
        with ctx.database():
            pass

    with pytest.raises(NoDatabaseError, match="connect"):
        run(a_kind(body))


def test_no_step_retries_the_missing_database():
    def read(ctx):
        with ctx.database():
            pass

    with pytest.raises(NoDatabaseError):
        run(a_kind(lambda ctx, _: ctx.step("read", read, ctx)))


def test_a_job_is_given_the_tests_own_database_as_its_user(calls):
    @contextmanager
    def connect(user_id):
        calls.append(user_id)
        yield "a transaction"

    def body(ctx, args):
        with ctx.database() as db:
            return db

    trial = run(a_kind(body), connect=connect)

    assert trial.result == "a transaction"
    assert calls == [trial.user_id]
