"""How a wish becomes one job, however often and at once it is made."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from models import admission, transitions
from models.database import as_user
from models.idempotency import Key, KeyReusedError
from models.states import ACTIVE, FINAL, State
from tests.factories import (
    HOUR,
    NOBODY,
    a_job,
    alter,
    claimed,
    fail,
    in_state,
    row,
    running,
    state,
    wish,
)

AT_ONCE = 6


@pytest.fixture
def ask(web, user):
    """Wishes for a job as a request of the user does."""

    def once(key=None, **wanted):
        with as_user(web, user) as db:
            bound = key and key._replace(user_id=user)
            return admission.admit(db, wish(user, **wanted), bound)

    return once


def a_key(body: bytes = b"body", endpoint: str = "jobs") -> Key:
    return Key(NOBODY, endpoint, "k1", body.ljust(32))


def together(ask):
    """Ask on several connections at the same moment."""
    ready = Barrier(AT_ONCE)

    def once(_number):
        ready.wait()
        return ask()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(once, range(AT_ONCE)))


def test_wishes_with_one_dedupe_key_at_once_make_one_job(owner, ask):
    made = together(lambda: ask(dedupe_key="page"))

    assert sum(brief.fresh for brief in made) == 1
    assert len({brief.id for brief in made}) == 1
    assert state(owner, made[0].id) is State.PENDING


def test_requests_with_one_idempotency_key_at_once_make_one_job(db, ask):
    made = together(lambda: ask(a_key()))

    assert sum(brief.fresh for brief in made) == 1
    assert len({brief.id for brief in made}) == 1
    assert db.scalar(text("SELECT count(*) FROM jobs")) == 1


@pytest.mark.parametrize("source", sorted(ACTIVE))
def test_an_active_job_stands_for_a_wish_with_its_dedupe_key(db, source, ask, user):
    held = in_state(db, source, user=user, dedupe_key="page")

    found = ask(dedupe_key="page")

    assert (found.id, found.fresh, found.state) == (held.job_id, False, source)


@pytest.mark.parametrize("source", sorted(FINAL))
def test_an_ended_job_makes_room_for_the_next_with_its_dedupe_key(
    db, source, ask, user
):
    in_state(db, source, user=user, dedupe_key="page")

    assert ask(dedupe_key="page").fresh


def test_dedupe_keys_of_other_users_and_kinds_are_their_own(db, ask, user):
    a_job(db, NOBODY, dedupe_key="page")
    a_job(db, user, kind="audit", dedupe_key="page")

    assert ask(dedupe_key="page").fresh


def test_a_repeated_request_gives_the_first_job_even_when_it_has_ended(db, ask):
    first = ask(a_key())
    transitions.complete(db, claimed(db, first.id).held, None)

    again = ask(a_key())

    assert (again.id, again.fresh, again.state) == (first.id, False, State.COMPLETED)


def test_a_key_used_with_another_body_is_refused(db, ask):
    ask(a_key())

    with pytest.raises(KeyReusedError):
        ask(a_key(b"other"))


def test_a_key_belongs_to_its_endpoint(db, ask):
    ask(a_key())

    assert ask(a_key(endpoint="audits")).fresh


def test_a_key_is_kept_for_a_day(owner, db, ask):
    ask(a_key())
    alter(owner, "idempotency_keys", "created_at = now() - interval '25 hours'")

    assert ask(a_key(b"other")).fresh


def test_a_key_is_bound_to_the_job_that_a_dedupe_key_stands_for(db, ask, user):
    twin = a_job(db, user, dedupe_key="page")

    first = ask(a_key(), dedupe_key="page")
    transitions.cancel(db, twin)
    again = ask(a_key(), dedupe_key="page")

    assert first.id == again.id == twin


def test_a_key_outlives_the_rows_of_its_job(owner, db, ask):
    first = ask(a_key())
    with owner.connect() as everything:
        everything.execute(text("DELETE FROM jobs"))

    assert ask(a_key()).id == first.id


def test_a_retry_starts_the_count_of_failures_anew(owner, db):
    claim = running(db)
    transitions.count_own_death(db, claim.held)
    fail(db, claim.held)

    assert transitions.retry(db, claim.held.job_id)

    again = row(owner, claim.held.job_id)
    assert (again.failures, again.deaths, again.own_deaths) == (0, 0, 0)
    assert again.attempt == claim.held.attempt
    assert again.due_at - again.created_at < HOUR


def test_a_retry_whose_dedupe_key_is_taken_is_refused(engine, db):
    held = in_state(db, State.FAILED, dedupe_key="page")
    a_job(db, dedupe_key="page")

    with pytest.raises(IntegrityError), engine.begin() as own:
        transitions.retry(own, held.job_id)


def test_retries_at_once_move_the_job_once(engine, db):
    held = in_state(db, State.FAILED)

    def retry():
        with engine.begin() as own:
            return transitions.retry(own, held.job_id)

    moved = together(retry)

    assert sorted(filter(None, moved)) == [held.job_id]


def test_a_brief_says_what_a_job_is_or_that_there_is_none(db):
    job_id = a_job(db)

    assert admission.brief(db, job_id).state is State.PENDING
    assert admission.brief(db, NOBODY) is None


def test_a_job_may_start_later(owner, db):
    at = row(owner, a_job(db)).created_at + timedelta(days=1)

    assert row(owner, a_job(db, run_at=at)).due_at == at
