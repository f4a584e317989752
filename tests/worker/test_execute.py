"""One delivery does what one delivery may, however often it comes."""

import sys
import time
from datetime import timedelta

from sqlalchemy import text

from models import deliveries, leases, steps, transitions
from models.states import Reason, State
from models.steps import Call
from tests.factories import HOUR, alter, claimed, letters, row, steps_of
from tests.kinds import a_kind
from tests.models.contention import waiting_behind
from worker.execute import in_thread


def test_a_second_delivery_does_nothing(hand, calls):
    job_id = hand.submit(a_kind(lambda *_: calls.note("ran", 1)))

    assert hand.deliver(job_id) is State.COMPLETED
    assert hand.deliver(job_id, 2) is State.COMPLETED
    assert calls == ["ran"]


def test_a_delivery_of_a_job_that_somebody_has_does_nothing(hand, calls):
    job_id = hand.submit(a_kind(lambda *_: calls.note("ran")))
    held = claimed(hand.db, job_id)

    assert hand.deliver(job_id) is State.RUNNING
    assert calls == []
    assert transitions.complete(hand.db, held.held, None)


def test_a_job_of_an_unknown_kind_is_left_to_workers_that_know_it(owner, hand):
    job_id = hand.submit("from.tomorrow")

    assert hand.deliver(job_id) is State.WAITING

    left = row(owner, job_id)
    assert (left.reason, left.failures) == (Reason.BACKOFF, 0)
    assert left.due_at > left.created_at + timedelta(seconds=20)


def test_a_delivery_that_comes_too_early_is_taken_back(owner, hand):
    at = leases.clock(hand.db) + HOUR
    job_id = hand.submit(a_kind(lambda *_: None), run_at=at)
    alter(owner, "jobs", "delivery = 1, delivered_at = now()", id=job_id)

    assert hand.deliver(job_id, 1) is State.PENDING

    assert row(owner, job_id).delivered_at is None


def test_an_old_delivery_does_not_take_back_the_new_one(owner, hand):
    at = leases.clock(hand.db) + HOUR
    job_id = hand.submit(a_kind(lambda *_: None), run_at=at)
    alter(owner, "jobs", "delivery = 2, delivered_at = now()", id=job_id)

    hand.deliver(job_id, 1)

    assert row(owner, job_id).delivered_at is not None


def test_a_sleeping_job_goes_on_where_it_was(hand, calls):
    def body(ctx, args):
        ctx.step("before", calls.note, "before")
        ctx.sleep("night", HOUR)
        ctx.step("after", calls.note, "after")

    job_id = hand.submit(a_kind(body))

    assert hand.deliver(job_id) is State.WAITING
    hand.wake(job_id)
    alter(hand.owner, "job_steps", "due_at = now() WHERE due_at IS NOT NULL")
    assert hand.deliver(job_id, 2) is State.COMPLETED
    assert calls == ["before", "after"]


def test_job_code_reads_and_writes_as_its_user(hand):
    def body(ctx, args):
        with ctx.database() as db:
            who = db.scalar(text("SELECT current_user"))
            return [who, db.scalar(text("SELECT current_setting('nw.user_id')"))]

    job_id = hand.submit(a_kind(body))
    hand.deliver(job_id)

    statement = text("SELECT result FROM job_data WHERE job_id = :id")
    assert hand.db.scalar(statement, {"id": job_id}) == [
        "nightwork_web",
        str(hand.user),
    ]


def test_a_taken_job_is_noticed_at_the_next_step(owner, hand, calls):
    def body(ctx, args):
        ctx.step("one", steal, ctx)
        ctx.step("two", calls.note, "two")

    def steal(ctx):
        alter(owner, "jobs", "attempt = attempt + 1", id=ctx.job_id)

    job_id = hand.submit(a_kind(body))

    assert hand.deliver(job_id) is State.RUNNING
    assert calls == []
    assert steps_of(owner, job_id) == {}


def test_a_refused_claim_clears_nothing_of_another_job(owner, hand):
    job_id, other = hand.submit("probe"), hand.submit("probe")
    deliveries.take(hand.db, "probe", room=10)

    deliveries.refused(hand.db, job_id, 1)

    assert row(owner, other).delivered_at is not None


def test_a_job_that_wants_to_exit_has_failed(owner, hand):
    job_id = hand.submit(a_kind(lambda *_: sys.exit("no more")))

    assert hand.finish(job_id) is State.FAILED
    assert row(owner, job_id).failures == 3


def test_a_claim_proves_from_when_it_was_asked_for(engine, hand):
    job_id = hand.submit(a_kind(lambda *_: None))
    proved = []

    def carry_out(seat):
        proved.append(seat.signals.proved_at)
        return in_thread(seat)

    with engine.connect() as other:
        other.execute(
            text("SELECT FROM jobs WHERE id = :id FOR UPDATE"), {"id": job_id}
        )
        with waiting_behind(
            engine, hand.owner, lambda _: hand.deliver(job_id, 1, carry_out)
        ) as delivery:
            let_go = time.monotonic()
            other.commit()
    assert delivery.result() is State.COMPLETED
    assert proved[0] < let_go


def test_a_step_that_took_too_long_to_the_last_is_what_the_letter_says(owner, hand):
    def body(ctx, args):
        ctx.step("hang", lambda: None)

    job_id = hand.submit(a_kind(body))
    held = claimed(hand.db, job_id, hand.worker_id).held
    steps.failed_try(
        hand.db,
        held,
        Call("hang", 1),
        "It took too long.",
        elapsed=HOUR,
        failures=3,
        state="failed",
    )
    transitions.hand_over(hand.db, held)

    assert hand.deliver(job_id, 2) is State.FAILED
    assert letters(owner)[0].error_message == "It took too long."
