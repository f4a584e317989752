"""Dead letters, and what is kept how long."""

from datetime import timedelta

from sqlalchemy import text

from models import dead_letters, retention, transitions
from models.states import State
from tests.factories import NOBODY, a_letter, a_worker, alter, in_state, running

KEEP = retention.Keep(
    completed=timedelta(days=30), failed=timedelta(days=90), events=timedelta(days=10)
)


def unshown(db):
    return [letter.job_id for letter in dead_letters.unshown(db, batch=10)]


def show(db):
    letters = dead_letters.unshown(db, batch=10)
    dead_letters.mark_shown(db, [letter.id for letter in letters])
    return letters


def test_an_open_letter_is_shown_once(db):
    held = in_state(db, State.FAILED)
    a_letter(db, held)

    assert [letter.job_id for letter in show(db)] == [held.job_id]
    assert unshown(db) == []
    assert dead_letters.settled(db) == []


def test_a_resolved_letter_is_taken_back_once(db):
    held = in_state(db, State.FAILED)
    a_letter(db, held)
    letter = show(db)[0]

    assert dead_letters.resolve(db, letter.id, by=NOBODY, notes="paid by hand")
    assert dead_letters.resolve(db, letter.id, by=NOBODY, notes="again") is None

    assert [one.job_id for one in dead_letters.settled(db)] == [held.job_id]
    assert dead_letters.settled(db) == []


def test_a_retry_settles_the_letter_of_its_job_and_no_other(db):
    held, other = in_state(db, State.FAILED), in_state(db, State.FAILED)
    a_letter(db, held)
    a_letter(db, other)
    show(db)

    transitions.retry(db, held.job_id)

    assert [one.job_id for one in dead_letters.settled(db)] == [held.job_id]


def test_after_redis_was_emptied_only_open_letters_are_shown_again(db):
    held, other = in_state(db, State.FAILED), in_state(db, State.FAILED)
    a_letter(db, held)
    a_letter(db, other)
    show(db)
    transitions.retry(db, held.job_id)

    dead_letters.show_again(db)

    assert unshown(db) == [other.job_id]


def counts(owner, *tables):
    with owner.connect() as db:
        return [
            db.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - tests
            for table in tables
        ]


def age(owner, days):
    ago = timedelta(days=days)
    alter(owner, "jobs", "finished_at = finished_at - :ago", ago=ago)


def test_completed_jobs_go_with_all_that_belongs_to_them(owner, db):
    in_state(db, State.COMPLETED)
    age(owner, 31)

    assert retention.prune(db, KEEP, batch=10) >= 1
    assert counts(owner, "jobs", "job_data", "job_events") == [0, 0, 0]


def test_failed_and_cancelled_jobs_stay_longer_with_their_letters(owner, db):
    a_letter(db, in_state(db, State.FAILED))
    in_state(db, State.CANCELLED)
    age(owner, 31)
    retention.prune(db, KEEP, batch=10)
    assert counts(owner, "jobs", "failed_jobs") == [2, 1]

    age(owner, 60)
    retention.prune(db, KEEP, batch=10)

    assert counts(owner, "jobs", "failed_jobs") == [0, 0]


def test_events_may_go_before_their_job(owner, db):
    in_state(db, State.COMPLETED)
    age(owner, 11)

    retention.prune(db, KEEP, batch=10)

    assert counts(owner, "jobs", "job_data", "job_events") == [1, 1, 0]


def test_a_job_that_has_not_ended_is_kept_however_old(owner, db):
    for state in (State.PENDING, State.WAITING):
        in_state(db, state)
    running(db)
    alter(owner, "jobs", "created_at = now() - interval '9 years'")

    retention.prune(db, KEEP, batch=10)

    assert counts(owner, "jobs") == [3]


def test_a_batch_bounds_what_one_round_deletes(owner, db):
    for _ in range(5):
        in_state(db, State.COMPLETED)
    age(owner, 31)

    retention.prune(db, KEEP, batch=2)

    assert counts(owner, "jobs") == [3]


def test_workers_that_ended_are_forgotten_after_a_day(owner, db):
    a_worker(db)
    ended = a_worker(db)
    alter(owner, "workers", "dead_at = now() - interval '25 hours'", id=ended)

    retention.prune(db, KEEP, batch=10)

    assert counts(owner, "workers") == [1]
