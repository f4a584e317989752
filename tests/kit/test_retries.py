"""How often a thing is tried, how long it waits, and who hears that it failed."""

from datetime import timedelta

import httpx2
import pytest

from jobs.kit import NonRetriableError, Retry, RetryAfterError, StepFailed
from jobs.kit.retry import PATIENCE
from jobs.kit.testing import run
from models.states import Reason, State
from tests.kinds import AT_ONCE, LATER, a_kind


def failing(calls, times, error=ValueError):
    """A function that raises so many times before it works."""

    def once():
        calls.append("try")
        if len(calls) <= times:
            message = "It broke."
            raise error(message)
        return "done"

    return once


def test_a_step_is_tried_again_until_it_works(calls):
    trial = run(a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 2))))

    assert trial.result == "done"
    step = trial.steps["fetch"]
    assert (step.tries, step.failures, step.error) == (3, 2, None)


def test_a_step_is_tried_as_often_as_its_policy_allows(calls):
    trial = run(a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 99))))

    assert len(calls) == AT_ONCE.attempts
    assert trial.state is State.FAILED
    assert (trial.outcome.step, trial.outcome.type) == ("fetch", "ValueError")
    assert trial.outcome.message == "It broke."
    assert trial.attempts == 1


def test_a_steps_own_policy_goes_before_the_jobs(calls):
    five = Retry(5, timedelta(0), timedelta(0), timedelta(0))

    run(a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 99), retry=five)))

    assert len(calls) == 5


def test_a_short_wait_is_slept_through_in_place_and_a_long_one_frees_the_worker(
    calls,
):
    short = Retry(3, timedelta(seconds=1.9), timedelta(seconds=1.9), timedelta(0))

    in_place = run(
        a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 1)), retry=short)
    )
    calls.clear()
    away = run(
        a_kind(
            lambda ctx, _: ctx.step("fetch", failing(calls, 1)), "later", retry=LATER
        )
    )

    assert (in_place.attempts, in_place.waits) == (1, [])
    assert away.attempts == 2
    assert [(wait.reason, wait.length) for wait in away.waits] == [
        (Reason.BACKOFF, timedelta(seconds=10))
    ]


def test_tries_are_counted_over_all_attempts(calls):
    trial = run(
        a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 99)), retry=LATER)
    )

    assert len(calls) == 3
    assert trial.attempts == 3
    waited = [wait.length.total_seconds() for wait in trial.waits]
    assert waited == [10, 20]


def test_a_provider_that_asks_for_time_is_given_it(calls):
    def once():
        calls.append("try")
        if len(calls) == 1:
            message = "busy"
            raise RetryAfterError(message, 90)

    trial = run(a_kind(lambda ctx, _: ctx.step("fetch", once)))

    assert [wait.length for wait in trial.waits] == [timedelta(seconds=90)]


def test_an_error_that_repeats_itself_is_not_tried_again(calls):
    trial = run(
        a_kind(lambda ctx, _: ctx.step("fetch", failing(calls, 9, NonRetriableError)))
    )

    assert len(calls) == 1
    assert trial.state is State.FAILED
    assert trial.outcome.retryable is False


def test_a_job_may_catch_a_failed_step_and_compensate(calls):
    def body(ctx, args):
        try:
            ctx.step("charge", failing(calls, 99))
        except StepFailed as failed:
            return {"refunded": ctx.step("refund", str, failed.step)}

    assert run(a_kind(body)).result == {"refunded": "charge"}


def test_an_error_between_steps_is_tried_again_by_the_jobs_policy(calls):
    trial = run(a_kind(lambda *_: failing(calls, 2)()))

    assert trial.result == "done"
    assert (trial.attempts, trial.failures) == (3, 2)


def test_an_error_between_steps_fails_the_job_when_its_tries_are_used_up(calls):
    trial = run(a_kind(lambda *_: failing(calls, 99)()))

    assert trial.state is State.FAILED
    assert len(calls) == AT_ONCE.attempts


def test_a_payload_that_no_longer_fits_is_not_tried_again():
    kind = a_kind(lambda _, args: args.pages)
    trial = run(kind)
    trial.payload = {"pages": "many"}

    assert trial.run().state is State.FAILED
    assert trial.outcome.type == "ValidationError"
    assert trial.failures == 1


def test_a_jobs_result_that_is_no_json_fails_it():
    assert run(a_kind(lambda *_: {1, 2})).state is State.FAILED


def answer(status, **headers):
    request = httpx2.Request("GET", "https://provider.example/")
    response = httpx2.Response(status, headers=headers, request=request)
    response.raise_for_status()


def test_an_answer_of_too_many_requests_waits_as_long_as_it_says(calls):
    def ask():
        calls.append("ask")
        if len(calls) == 1:
            answer(429, **{"Retry-After": "30"})

    trial = run(a_kind(lambda ctx, _: ctx.step("ask", ask)))

    assert [wait.length for wait in trial.waits] == [timedelta(seconds=30)]


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ({"attempts": 0}, "attempts"),
        ({"base": timedelta(seconds=-1)}, "base"),
        ({"base": timedelta(hours=1), "cap": timedelta(minutes=1)}, "base"),
        ({"jitter": timedelta(seconds=-1)}, "jitter"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_when_it_is_declared(policy, word):
    with pytest.raises(ValueError, match=word):
        Retry(**policy)


@pytest.mark.parametrize("failures", [1, 2, 3, 10, 64, 10_000])
def test_a_wait_doubles_and_never_passes_its_cap(failures):
    policy = Retry(
        attempts=4,
        base=timedelta(seconds=1),
        cap=timedelta(minutes=5),
        jitter=timedelta(0),
    )
    doubled = min(2 ** min(failures - 1, 20), 300)

    assert policy.delay(failures) == timedelta(seconds=doubled)


def test_jitter_spreads_waits_by_no_more_than_it_says():
    policy = Retry(base=timedelta(seconds=10), jitter=timedelta(seconds=2))

    waits = [policy.delay(1) for _ in range(200)]

    assert min(waits) >= timedelta(seconds=10)
    assert max(waits) <= timedelta(seconds=12)
    assert len(set(waits)) > 100


def test_a_wait_with_jitter_stays_below_its_cap_too():
    policy = Retry(cap=timedelta(seconds=30), jitter=timedelta(seconds=10))

    assert max(policy.delay(50) for _ in range(50)) <= timedelta(seconds=30)


def test_patience_is_shorter_than_a_lease():
    assert timedelta(seconds=2) >= PATIENCE
