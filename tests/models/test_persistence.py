"""Recording outlives an outage, and is never made an error of the job."""

from datetime import timedelta

import pytest
from psycopg import OperationalError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models import steps
from models.persistence import GivenUpError, persist
from models.steps import Call
from tests.factories import events, row, running, steps_of
from tests.models.contention import waiting_behind

CALL = Call("fetch", 1)
SOON = timedelta(seconds=1)


def commit(db, held):
    return steps.commit(db, held, CALL, None, elapsed=SOON)


def failed_try(db, held):
    return steps.failed_try(
        db, held, CALL, "It broke.", elapsed=SOON, failures=1, state="retrying"
    )


def test_recording_is_repeated_through_a_broken_connection(owner, engine):
    calls = []

    def write(db):
        calls.append("asked")
        if len(calls) < 3:
            pid = db.scalar(text("SELECT pg_backend_pid()"))
            with owner.connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return db.scalar(text("SELECT 'landed'"))

    assert persist(engine, write) == "landed"
    assert calls == ["asked"] * 3


def test_a_statement_that_is_wrong_is_not_repeated(engine):
    calls = []

    def write(db):
        calls.append("asked")
        db.execute(text("SELECT * FROM nowhere"))

    with pytest.raises(Exception, match="nowhere"):
        persist(engine, write)
    assert calls == ["asked"]


def test_recording_ends_when_nobody_wants_the_answer(owner, engine):
    def write(db):
        pid = db.scalar(text("SELECT pg_backend_pid()"))
        with owner.connect() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        db.execute(text("SELECT 1"))

    with pytest.raises(GivenUpError):
        persist(engine, write, given_up=lambda: True)


def test_a_step_is_committed_by_an_engine_of_either_sort(owner, engine, db):
    held = running(db).held
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    for position, one in enumerate((engine, autocommit), start=1):
        call = Call(f"step {position}", position)
        persist(
            one,
            lambda db, call=call: steps.commit(
                db, held, call, None, elapsed=timedelta(0)
            ),
        )

    assert set(steps_of(owner, held.job_id)) == {"step 1", "step 2"}


def test_a_fence_is_asked_again_through_a_broken_connection(owner, engine, db):
    held = running(db).held
    asked = []

    def write(db):
        asked.append("once")
        if len(asked) == 1:
            pid = db.scalar(text("SELECT pg_backend_pid()"))
            with owner.connect() as killer:
                killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return steps.holds(db, held)

    assert persist(engine, write)
    assert len(asked) == 2


@pytest.mark.parametrize("write", [commit, failed_try], ids=lambda one: one.__name__)
def test_a_repeat_waits_for_a_first_try_that_is_still_being_committed(
    owner, engine, db, write
):
    held = running(db).held
    asked = []

    def once(db):
        asked.append("once")
        if len(asked) == 1:
            message = "the answer to the COMMIT was lost"
            raise OperationalError(message)
        return write(db, held)

    with engine.connect() as first:
        assert write(first, held)
        with waiting_behind(
            engine,
            owner,
            lambda _: persist(engine, once, settle=lambda db: steps.settle(db, held)),
        ) as answer:
            first.commit()

    assert answer.result()
    assert steps_of(owner, held.job_id)["fetch"].tries == 1
    kept = row(owner, held.job_id)
    assert kept.failures == (write is failed_try)
    assert kept.event_seq == len(events(owner, held.job_id))


@pytest.mark.parametrize("write", [commit, failed_try], ids=["hot", "other"])
def test_recording_waits_for_a_server_that_may_be_written_to(owner, engine, db, write):
    held = running(db).held
    asked = []

    def on_the_second_server_first(db):
        asked.append(db.scalar(text("SELECT pg_backend_pid()")))
        if len(asked) == 1:
            db.execute(text("SET TRANSACTION READ ONLY"))
        return write(db, held)

    assert persist(engine, on_the_second_server_first)

    assert len(set(asked)) == 2
    assert "fetch" in steps_of(owner, held.job_id)


def test_an_error_does_not_tell_what_was_bound_to_its_statement(engine):
    with pytest.raises(DBAPIError) as error, engine.connect() as db:
        db.execute(text("SELECT nowhere, CAST(:key AS text)"), {"key": "hunter2"})

    assert "nowhere" in str(error.value)
    assert "hunter2" not in str(error.value)
