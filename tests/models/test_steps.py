"""What is recorded of steps is recorded once, however often the answer is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from models import event_log, leases, steps, transitions
from models.leases import Doing
from models.states import Reason, State
from models.steps import Call
from tests.factories import (
    DETAIL,
    HOUR,
    alter,
    claimed,
    events,
    fail,
    in_state,
    row,
    running,
    state,
    steps_of,
)
from tests.models.contention import waiting_behind

CALL = Call("fetch", 1)
SOON = timedelta(seconds=1)


def try_failed(db, held, *, failures=1, last=False):
    return steps.failed_try(
        db,
        held,
        CALL,
        "It broke.",
        elapsed=SOON,
        failures=failures,
        state="failed" if last else "retrying",
    )


def numbers(owner, job_id):
    return [event.seq for event in events(owner, job_id)]


def assert_no_gap(owner, job_id):
    told = numbers(owner, job_id)
    assert told == list(range(1, row(owner, job_id).event_seq + 1))


def test_a_recorded_result_comes_with_the_next_claim(db):
    held = running(db).held
    steps.commit(db, held, CALL, {"pages": 3}, elapsed=SOON, progress=40)
    transitions.hand_over(db, held)

    memo = claimed(db, held.job_id).memo["fetch"]

    assert (memo.state, memo.result, memo.tries) == ("completed", {"pages": 3}, 1)


def test_a_large_result_is_read_only_when_it_is_wanted(db):
    held = running(db).held
    # Unlike text, random numbers stay large when PostgreSQL compresses them.
    large = [number * 7919 % 104_729 for number in range(5_000)]
    steps.commit(db, held, CALL, large, elapsed=SOON)
    transitions.hand_over(db, held)

    again = claimed(db, held.job_id)

    assert again.memo["fetch"].large
    assert again.memo["fetch"].result is None
    assert steps.large_result(db, again.held, "fetch") == large


def test_a_step_committed_twice_keeps_its_first_result_and_tells_it_once(owner, db):
    held = running(db).held
    first = steps.commit(db, held, CALL, "first", elapsed=SOON)

    again = steps.commit(db, held, CALL, "second", elapsed=SOON)

    assert first == again
    step = steps_of(owner, held.job_id)["fetch"]
    assert (step.result, step.tries) == ("first", 1)
    assert_no_gap(owner, held.job_id)


def test_a_failed_try_recorded_twice_is_counted_once(owner, db):
    held = running(db).held
    first = try_failed(db, held)

    assert try_failed(db, held) == first

    step = steps_of(owner, held.job_id)["fetch"]
    assert (step.failures, step.tries, step.state) == (1, 1, "retrying")
    assert row(owner, held.job_id).failures == 1
    assert_no_gap(owner, held.job_id)


def test_a_sleep_marked_twice_ends_at_its_first_time(owner, db):
    held = running(db).held
    steps.mark(db, held, CALL, "sleeping", delay=HOUR)
    due = steps_of(owner, held.job_id)["fetch"].due_at

    assert steps.mark(db, held, CALL, "sleeping", delay=HOUR)

    assert steps_of(owner, held.job_id)["fetch"].due_at == due
    assert_no_gap(owner, held.job_id)


def test_a_job_completed_twice_stays_as_it_was(owner, db):
    held = running(db).held
    assert transitions.complete(db, held, {"pages": 3})

    assert transitions.complete(db, held, {"pages": 4}) is None

    assert state(owner, held.job_id) is State.COMPLETED
    assert_no_gap(owner, held.job_id)


def test_a_sleep_is_over_when_its_time_has_come_and_not_before(owner, db):
    held = running(db).held
    steps.mark(db, held, CALL, "sleeping", delay=HOUR)
    early = steps.end_sleep(db, held, CALL)
    alter(owner, "job_steps", "due_at = now()")

    late = steps.end_sleep(db, held, CALL)

    assert (early.over, late.over) == (False, True)
    assert steps_of(owner, held.job_id)["fetch"].state == "completed"


def test_asking_a_sleep_again_and_again_leaves_no_gap(owner, db):
    held = running(db).held
    steps.mark(db, held, CALL, "sleeping", delay=HOUR)
    for _ in range(3):
        steps.end_sleep(db, held, CALL)
    alter(owner, "job_steps", "due_at = now()")
    for _ in range(3):
        assert steps.end_sleep(db, held, CALL).over
    steps.tell(db, held, "log", "awake", {})

    assert_no_gap(owner, held.job_id)


def test_a_step_in_doubt_is_marked_before_its_effect_and_again_on_the_next_try(
    owner, db
):
    held = running(db).held
    effect = Call("mail", 1, "mail.send")

    steps.mark(db, held, effect, "started")
    assert steps_of(owner, held.job_id)["mail"].effect == "mail.send"
    try_failed(db, held)
    steps.mark(db, held, effect, "held")

    assert steps_of(owner, held.job_id)["mail"].state == "held"


def test_a_finished_step_is_not_marked_again(owner, db):
    held = running(db).held
    steps.commit(db, held, CALL, 1, elapsed=SOON)

    steps.mark(db, held, CALL, "started")

    assert steps_of(owner, held.job_id)["fetch"].state == "completed"
    assert_no_gap(owner, held.job_id)


def test_a_step_that_failed_for_good_has_an_end(owner, db):
    held = running(db).held

    try_failed(db, held, last=True)

    step = steps_of(owner, held.job_id)["fetch"]
    assert step.state == "failed"
    assert step.ended_at is not None


def test_a_retry_opens_the_failed_step_and_keeps_the_finished_one(owner, db):
    held = running(db).held
    steps.commit(db, held, Call("list", 1), [1], elapsed=SOON)
    steps.failed_try(
        db,
        held,
        Call("fetch", 2),
        "It broke.",
        elapsed=SOON,
        failures=1,
        state="failed",
    )
    fail(db, held, counted=0)

    assert transitions.retry(db, held.job_id)

    memo = claimed(db, held.job_id).memo
    assert (memo["list"].state, memo["list"].result) == ("completed", [1])
    assert (memo["fetch"].state, memo["fetch"].failures) == ("retrying", 0)
    assert memo["fetch"].tries == 1
    kept = row(owner, held.job_id)
    assert (kept.failures, kept.reason, kept.finished_at) == (0, None, None)


def test_a_try_after_a_retry_is_counted_from_one(owner, db):
    held = running(db).held
    try_failed(db, held, failures=3, last=True)
    fail(db, held, counted=0)
    transitions.retry(db, held.job_id)
    again = claimed(db, held.job_id).held

    try_failed(db, again)

    step = steps_of(owner, held.job_id)["fetch"]
    assert (step.failures, step.tries) == (1, 2)


def test_many_writers_at_once_leave_no_gap_in_a_jobs_events(owner, engine, db):
    held = running(db).held

    def write(number):
        call = Call(f"step {number}", number)
        with engine.begin() as own:
            steps.commit(own, held, call, number, elapsed=SOON)
        with engine.begin() as own:
            steps.tell(own, held, "log", f"line {number}", {})
        with engine.begin() as own:
            leases.report(own, [Doing(held, call.name, number, None)])
        with engine.begin() as own:
            transitions.cancel(own, held.job_id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(1, 25)))
    transitions.stop(db, held)

    assert len(numbers(owner, held.job_id)) >= 4 * 24
    assert_no_gap(owner, held.job_id)


def test_a_reader_that_goes_on_from_the_last_event_follows_without_a_hole(owner, db):
    held = running(db).held
    steps.mark(db, held, CALL, "sleeping", delay=HOUR)
    steps.end_sleep(db, held, CALL)

    assert event_log.follows(db, held.job_id, row(owner, held.job_id).event_seq)


def test_news_of_several_jobs_come_each_after_its_own_number(db):
    one, two = running(db).held, running(db).held
    steps.tell(db, one, "log", "hello", {"n": 1})

    news = event_log.news(db, [(one.job_id, 2), (two.job_id, 1)], each=10)

    told = {(job_id, event.name) for job_id, event in news}
    assert told == {(one.job_id, "hello"), (two.job_id, "claimed")}


def test_an_error_outlives_a_back_off_and_goes_with_success(owner, db):
    held = running(db).held
    transitions.back_off(db, held, "It broke.", DETAIL, delay=timedelta(0))
    assert row(owner, held.job_id).reason == Reason.BACKOFF
    transitions.resume(db, batch=1)
    again = claimed(db, held.job_id)

    assert again.failures == 1
    assert transitions.complete(db, again.held, None)


@pytest.mark.parametrize("source", [State.COMPLETED, State.FAILED, State.CANCELLED])
def test_an_ended_job_knows_when(owner, db, source):
    held = in_state(db, source)

    assert row(owner, held.job_id).finished_at is not None
    assert row(owner, held.job_id).worker_id is None


def test_a_count_that_comes_after_the_result_does_not_undo_it(owner, db):
    held = running(db).held
    steps.commit(db, held, CALL, "kept", elapsed=SOON)

    assert try_failed(db, held) is not None

    step = steps_of(owner, held.job_id)["fetch"]
    assert (step.state, step.result) == ("completed", "kept")
    assert row(owner, held.job_id).failures == 0
    assert_no_gap(owner, held.job_id)


def test_a_count_that_waited_for_the_result_does_not_undo_it(owner, engine, db):
    held = running(db).held
    with engine.connect() as ours:
        steps.commit(ours, held, CALL, "kept", elapsed=SOON)
        with waiting_behind(engine, owner, lambda db: try_failed(db, held)) as late:
            ours.commit()
    assert late.result() is not None

    step = steps_of(owner, held.job_id)["fetch"]
    assert (step.state, step.result) == ("completed", "kept")
