"""How an attempt came out is written down once, with all that follows from it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from jobs.kit import Context, NonRetriableError, Retry
from jobs.kit.attempt import Crashed, Returned, Suspended
from jobs.kit.errors import Suspend
from models import transitions
from models.states import Reason, State
from tests.factories import claimed, events, letters, row, state, steps_of
from tests.kinds import LATER, Order, a_kind
from worker.recording import fingerprint, record

CRASH = Crashed(
    type="ValueError", message="It broke.", stack="", step=None, retryable=True
)


def boom(message="It broke."):
    raise ValueError(message)


def data_of(owner, job_id):
    with owner.connect() as db:
        return db.execute(
            text("SELECT * FROM job_data WHERE job_id = :id"), {"id": job_id}
        ).one()


def test_a_job_that_raises_waits_and_says_why(owner, hand):
    job_id = hand.submit(a_kind(lambda *_: boom(), retry=LATER))

    assert hand.deliver(job_id) is State.WAITING

    waiting = row(owner, job_id)
    assert (waiting.reason, waiting.failures) == (Reason.BACKOFF, 1)
    assert waiting.due_at > waiting.created_at + timedelta(seconds=9)
    told = data_of(owner, job_id)
    assert told.error == "It broke."
    assert told.error_detail == {
        "type": "ValueError",
        "step": None,
        "retryable": True,
    }
    assert letters(owner) == []


def test_a_job_fails_for_good_when_its_tries_are_used_up(owner, hand):
    job_id = hand.submit(a_kind(lambda *_: boom(), retry=LATER))

    assert hand.finish(job_id) is State.FAILED

    failed = row(owner, job_id)
    assert (failed.failures, failed.attempt) == (3, 3)
    letter = letters(owner)[0]
    assert (letter.job_id, letter.user_id) == (job_id, hand.user)
    assert (letter.error_message, letter.retry_count) == ("It broke.", 2)
    assert "in boom" in letter.error_stack


def test_a_failed_step_is_named_and_not_tried_again_by_way_of_the_job(
    owner, hand, calls
):
    def body(ctx, args):
        ctx.step("list", calls.note, "listed")
        ctx.step("fetch", boom)

    job_id = hand.submit(a_kind(body))

    assert hand.deliver(job_id) is State.FAILED

    assert row(owner, job_id).failures == 3
    letter = letters(owner)[0]
    assert (letter.failed_step, letter.retry_count) == ("fetch", 2)
    assert steps_of(owner, job_id)["fetch"].failures == 3
    assert calls == ["listed"]


def test_a_letter_holds_the_payload_without_its_secrets(owner, hand):
    def body(ctx, args):
        boom(f"refused {args.api_key} at https://u:pw@host/")

    kind = a_kind(body, retry=Retry(attempts=1))
    job_id = hand.submit(kind, {"pages": 2, "api_key": "correct horse"})
    hand.deliver(job_id)

    letter = letters(owner)[0]
    assert letter.event_data == {"pages": 2, "api_key": "[redacted]"}
    for told in (*letter, *data_of(owner, job_id)[3:], *events(owner, job_id)):
        assert "correct horse" not in str(told)
        assert "u:pw" not in str(told)


def test_a_failure_handler_is_submitted_in_the_transaction_that_fails_the_job(
    owner, hand
):
    kind = a_kind(lambda *_: boom(), retry=Retry(attempts=1))

    @kind.on_failure
    def apologise(ctx: Context, args: Order) -> int:
        return ctx.step("mail", int, args.pages)

    job_id = hand.submit(kind, {"pages": 2})
    hand.deliver(job_id)

    with owner.connect() as db:
        apology = db.execute(
            text("SELECT id, user_id, xmin FROM jobs WHERE kind = 'test.order.failed'")
        ).one()
        written = {
            db.scalar(text("SELECT xmin FROM failed_jobs")),
            db.scalar(text("SELECT xmin FROM jobs WHERE id = :id"), {"id": job_id}),
        }
    assert written == {apology.xmin}
    assert apology.user_id == hand.user
    assert hand.deliver(apology.id) is State.COMPLETED
    assert data_of(owner, apology.id).result == 2


@pytest.fixture
def _no_letters(owner):
    """A database that refuses dead letters."""
    with owner.connect() as db:
        db.execute(text("REVOKE INSERT ON failed_jobs FROM nightwork_worker"))
        yield
        db.execute(text("GRANT INSERT ON failed_jobs TO nightwork_worker"))


@pytest.mark.usefixtures("_no_letters")
def test_a_job_and_its_letter_are_written_together_or_not_at_all(owner, hand):
    job_id = hand.submit(a_kind(lambda *_: boom(), retry=Retry(attempts=1)))

    with pytest.raises(ProgrammingError, match="permission denied"):
        hand.deliver(job_id)

    assert state(owner, job_id) is State.RUNNING


def test_a_result_is_kept_and_clears_the_last_error(owner, hand, calls):
    def body(ctx, args):
        calls.append("tried")
        if len(calls) == 1:
            boom()
        return {"pages": args.pages}

    job_id = hand.submit(a_kind(body))

    assert hand.finish(job_id) is State.COMPLETED

    kept = data_of(owner, job_id)
    assert (kept.result, kept.error, kept.error_detail) == ({"pages": 3}, None, None)
    assert row(owner, job_id).progress == 100


def test_failures_between_steps_are_counted_apart_from_those_of_steps(
    owner, hand, calls
):
    def flaky():
        calls.append("step")
        if calls.count("step") < 3:
            boom()

    def body(ctx, args):
        ctx.step("flaky", flaky)
        calls.append("job")
        boom()

    job_id = hand.submit(a_kind(body))

    assert hand.finish(job_id) is State.FAILED
    assert calls == ["step"] * 3 + ["job"] * 3
    assert row(owner, job_id).failures == 5


def test_a_retried_job_has_all_its_tries_again_and_not_more(hand, calls):
    def flaky():
        calls.append("step")
        if calls.count("step") < 3:
            boom()

    def body(ctx, args):
        ctx.step("flaky", flaky)
        calls.append("job")
        boom()

    job_id = hand.submit(a_kind(body))
    hand.finish(job_id)
    calls.clear()

    assert transitions.retry(hand.db, job_id)
    assert hand.finish(job_id) is State.FAILED
    assert calls == ["job"] * 3


def test_a_replay_runs_from_the_failed_step(owner, hand, calls):
    def body(ctx, args):
        ctx.step("list", calls.note, "list")
        ctx.step("fetch", lambda: calls.note("fetch") or (len(calls) < 3 and boom()))

    job_id = hand.submit(a_kind(body, retry=Retry(attempts=1)))
    hand.deliver(job_id)
    transitions.retry(hand.db, job_id)

    assert hand.deliver(job_id) is State.COMPLETED
    assert calls == ["list", "fetch", "fetch"]
    assert letters(owner)[0].replayed_at is not None


def test_a_cancel_that_forbids_a_wait_is_carried_out(owner, hand):
    kind = a_kind(lambda *_: None)
    held = claimed(hand.db, hand.submit(kind))
    transitions.cancel(hand.db, held.held.job_id)

    assert record(
        kind, held, Suspended(Suspend(Reason.SLEEP, delay=timedelta(hours=1)))
    )

    assert state(owner, held.held.job_id) is State.CANCELLED


def test_a_cancel_that_forbids_a_back_off_is_carried_out(owner, hand):
    kind = a_kind(lambda *_: None, retry=LATER)
    held = claimed(hand.db, hand.submit(kind))
    transitions.cancel(hand.db, held.held.job_id)

    assert record(kind, held, CRASH)

    assert state(owner, held.held.job_id) is State.CANCELLED


@pytest.mark.parametrize(
    "outcome", [Returned(1), CRASH, replace(CRASH, retryable=False)]
)
def test_an_attempt_that_lost_its_job_leaves_no_trace(owner, hand, outcome):
    kind = a_kind(lambda *_: None, retry=LATER)
    slow = claimed(hand.db, hand.submit(kind))
    transitions.hand_over(hand.db, slow.held)
    claimed(hand.db, slow.held.job_id)
    before = row(owner, slow.held.job_id)

    assert not record(kind, slow, outcome)

    assert row(owner, slow.held.job_id) == before
    assert letters(owner) == []


@pytest.mark.parametrize("odd", ["a\0b", "caf\udce9.csv"])
def test_an_error_that_cannot_be_stored_as_it_is_fails_the_job_all_the_same(
    owner, hand, odd
):
    def body(ctx, args):
        ctx.log(odd, name=odd)
        ctx.progress(1, 2, odd)
        ctx.step("open", boom, odd)

    job_id = hand.submit(a_kind(body))

    assert hand.deliver(job_id) is State.FAILED
    assert letters(owner)[0].failed_step == "open"


def test_failures_that_look_alike_form_a_group():
    same = [
        replace(CRASH, message=f"page {n} of job 01a20061-14be-719e-a48d-5b4acdb66d{n}")
        for n in (10, 21, 99)
    ]
    prints = {fingerprint("probe", crash) for crash in same}

    assert len(prints) == 1
    for other in (
        replace(same[0], type="KeyError"),
        replace(same[0], step="fetch"),
        replace(same[0], message="quite another"),
    ):
        assert fingerprint("probe", other) not in prints
    assert fingerprint("audit", same[0]) not in prints


def test_an_error_that_repeats_itself_fails_the_job_at_once(owner, hand):
    def body(ctx, args):
        message = "no such page"
        raise NonRetriableError(message)

    job_id = hand.submit(a_kind(body))

    assert hand.deliver(job_id) is State.FAILED
    assert row(owner, job_id).failures == 1
    assert letters(owner)[0].retry_count == 0
