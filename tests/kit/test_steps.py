"""A finished step gives its recorded result for ever, and never runs again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from jobs.kit import NonRetriableError, StepFailed
from jobs.kit.attempt import Crashed
from jobs.kit.context import MOST_STEPS
from jobs.kit.testing import Crash, run
from models.states import State
from tests.kinds import a_kind


def test_a_finished_step_does_not_run_again(calls):
    def body(ctx, args):
        pages = ctx.step("list", calls.note, "list", [1, 2])
        return ctx.step("count", len, pages)

    trial = run(a_kind(body), crash_after="list")
    assert isinstance(trial.outcome, Crash)
    trial.run()

    assert trial.result == 2
    assert trial.attempts == 2
    assert calls == ["list"]


def test_a_result_is_what_will_be_read_back_also_the_first_time():
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

    def body(ctx, args):
        return [
            ctx.step("tuple", lambda: (1, 2)),
            ctx.step("keys", lambda: {1: "one"}),
            ctx.step("time", lambda: at),
            ctx.step("id", lambda: UUID(int=1)),
        ]

    assert run(a_kind(body)).result == [
        [1, 2],
        {"1": "one"},
        "2026-01-02T03:04:00+00:00",
        str(UUID(int=1)),
    ]


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"raw", "a\0b", object()])
def test_a_result_that_is_no_json_fails_the_step(value):
    trial = run(a_kind(lambda ctx, _: ctx.step("odd", lambda: value)))

    assert trial.state is State.FAILED
    assert trial.steps["odd"].state == "failed"


def test_a_name_used_again_is_numbered(calls):
    def body(ctx, args):
        for page in range(args.pages):
            ctx.step("render", calls.note, page)

    trial = run(a_kind(body), crash_after="render#2")

    assert list(trial.run().steps) == ["render", "render#2", "render#3"]
    assert calls == [0, 1, 2]
    assert [step.position for step in trial.steps.values()] == [1, 2, 3]


def test_a_step_is_given_its_arguments():
    def body(ctx, args):
        return ctx.step("join", "-".join, ["a", "b"])

    assert run(a_kind(body)).result == "a-b"


def test_a_job_has_at_most_a_thousand_steps():
    def body(ctx, args):
        for _ in range(args.pages):
            ctx.step("tick", int)
        return args.pages

    kind = a_kind(body)

    assert run(kind, {"pages": MOST_STEPS}).result == MOST_STEPS
    refused = run(kind, {"pages": MOST_STEPS + 1})
    assert "at most 1000 steps" in refused.outcome.message
    assert refused.attempts == 1


def test_a_result_that_is_too_large_fails_at_once_and_says_how_large():
    trial = run(a_kind(lambda ctx, _: ctx.step("big", lambda: "x" * 2**20)))

    assert isinstance(trial.outcome, Crashed)
    assert "1,048,578 bytes" in trial.outcome.message
    assert trial.steps["big"].tries == 1


def test_the_size_of_a_result_is_counted_in_bytes():
    trial = run(a_kind(lambda ctx, _: ctx.step("big", lambda: "ü" * 2**19)))

    assert trial.state is State.FAILED


def test_a_jobs_own_result_is_bounded_too():
    trial = run(a_kind(lambda *_: "x" * 2**20))

    assert trial.state is State.FAILED
    assert "The job's result" in trial.outcome.message


def test_a_large_recorded_result_is_read_when_its_step_is_reached():
    large = list(range(5_000))

    def body(ctx, args):
        return len(ctx.step("list", lambda: large))

    assert run(a_kind(body), crash_after="list").run().result == len(large)


def test_a_step_that_failed_is_not_run_again_by_a_later_attempt(calls):
    def boom():
        calls.append("boom")
        message = "no such page"
        raise NonRetriableError(message)

    def body(ctx, args):
        try:
            ctx.step("fetch", boom)
        except StepFailed:
            ctx.step("note", calls.note, "sorry")
        return ctx.step("end", int)

    trial = run(a_kind(body), crash_after="note").run()

    assert trial.result == 0
    assert calls == ["boom", "sorry"]


def test_code_between_steps_runs_on_every_attempt(calls):
    def body(ctx, args):
        calls.append(ctx.attempt)
        ctx.step("one", int)

    run(a_kind(body), crash_after="one").run()

    assert calls == [1, 2]


def test_a_key_is_the_same_on_every_attempt(calls):
    def body(ctx, args):
        calls.append(ctx.key("mail"))
        ctx.step("one", int)

    trial = run(a_kind(body), crash_after="one").run()

    assert calls == [f"{trial.job_id}:mail"] * 2


def test_progress_is_a_share_between_nothing_and_all(calls):
    def body(ctx, args):
        for done, total in [(1, 4), (5, 4), (-1, 4), (0, 0)]:
            ctx.progress(done, total)
            calls.append(ctx._doing.progress)

    run(a_kind(body))

    assert calls == [25, 100, 0, 0]


def test_what_a_job_logs_is_told_to_those_who_watch_without_secrets():
    def body(ctx, args):
        ctx.log("asked with Bearer abcdef", url="https://u:pw@host/", page=3)

    told = run(a_kind(body)).events[0]

    assert told.name == "asked with Bearer [redacted]"
    assert told.data == {"url": "https://[redacted]@host/", "page": "3"}


def test_a_sleep_holds_no_worker_and_is_slept_once(calls):
    def body(ctx, args):
        ctx.sleep("night", timedelta(hours=8))
        return ctx.step("wake", calls.note, "up")

    trial = run(a_kind(body))

    assert [wait.length for wait in trial.waits] == [timedelta(hours=8)]
    assert trial.attempts == 2
    assert calls == ["up"]


def test_a_sleep_that_a_crash_cut_short_ends_at_its_first_time():
    def body(ctx, args):
        ctx.step("before", int)
        ctx.sleep("night", timedelta(hours=8))
        ctx.step("after", int)

    trial = run(a_kind(body), crash_after="after").run()

    assert len(trial.waits) == 1
