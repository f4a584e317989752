"""Nobody reads or changes another user's rows, whatever the statement says."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, insert, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import ProgrammingError

from models import database, keys
from models.database import as_operator, as_user
from models.keys import Scope
from models.tables import build_sessions, metadata

OWNED = [table for table in metadata.sorted_tables if "user_id" in table.c]
# Keys are nobody's to read, not even one's own.
READ = [table for table in OWNED if table.name != "api_keys"]
FITTING = {
    "jobs": {"state": "pending"},
    "job_steps": {"state": "started"},
    "job_events": {"type": "log"},
    "api_keys": {"scope": "user"},
    "build_sessions": {"html": "<p>"},
}
HELD_BACK = r"permission denied|row-level security"
_POSTGRES = postgresql.dialect()
BY_TYPE = {
    "UUID": uuid4,
    "TEXT": lambda: f"text {uuid4()}",
    "INTEGER": lambda: 1,
    "SMALLINT": lambda: 1,
    "JSONB": dict,
    "BYTEA": lambda: uuid4().bytes,
}


def values_for(table: Table, user: UUID) -> dict[str, object]:
    """A row that fits a table's rules, of a user."""
    row: dict[str, object] = {"user_id": user, **FITTING.get(table.name, {})}
    for column in table.c:
        if column.nullable or column.server_default is not None:
            continue
        kind = str(column.type.compile(dialect=_POSTGRES)).partition("(")[0]
        row.setdefault(column.name, BY_TYPE[kind]())
    return row


def put(owner, table: Table, user: UUID) -> dict[str, object]:
    row = values_for(table, user)
    with owner.connect() as db:
        if "session_id" in table.c:
            row["session_id"] = put(owner, build_sessions, user)["id"]
        db.execute(insert(table), row)
    return row


def found(db, table: Table, user: UUID) -> int:
    statement = text(f"SELECT count(*) FROM {table.name} WHERE user_id = :user")  # noqa: S608 - tests
    return int(db.scalar(statement, {"user": user}) or 0)


def refused(db, statement: str, **values) -> bool:
    """Whether a statement is forbidden, or finds nothing to change."""
    try:
        with db.begin_nested():
            return db.execute(text(statement), values).rowcount == 0
    except ProgrammingError as error:
        return "permission denied" in str(error)


@pytest.fixture
def other(new_user):
    return new_user("Bob")


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
def test_a_user_sees_the_own_rows_and_nobody_elses(owner, web, user, other, table):
    put(owner, table, user)
    put(owner, table, other)

    with as_user(web, user) as db:
        assert found(db, table, user) == 1
        assert found(db, table, other) == 0


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.name)
def test_a_user_changes_and_deletes_nobody_elses_rows(owner, web, user, other, table):
    put(owner, table, other)

    with as_user(web, user) as db:
        for statement in (
            f"UPDATE {table.name} SET user_id = user_id",  # noqa: S608 - tests
            f"UPDATE {table.name} SET user_id = :user WHERE user_id = :other",  # noqa: S608 - tests
            f"DELETE FROM {table.name}",  # noqa: S608 - tests
        ):
            assert refused(db, statement, user=user, other=other)
    with owner.connect() as db:
        assert found(db, table, other) == 1


@pytest.mark.parametrize("table", OWNED, ids=lambda table: table.name)
def test_a_user_plants_no_rows_on_somebody_else(web, user, other, table):
    with pytest.raises(ProgrammingError, match=HELD_BACK), as_user(web, user) as db:
        db.execute(insert(table), values_for(table, other))


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
def test_a_user_cannot_give_rows_away(owner, web, user, other, table):
    put(owner, table, user)
    statement = f"UPDATE {table.name} SET user_id = :other"  # noqa: S608 - tests

    with pytest.raises(ProgrammingError, match=HELD_BACK), as_user(web, user) as db:
        db.execute(text(statement), {"other": other})


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
def test_whoever_speaks_for_nobody_sees_nothing(owner, web, user, table):
    put(owner, table, user)

    with web.begin() as db:
        assert found(db, table, user) == 0
    with web.begin() as db:
        db.execute(text("SELECT set_config('nw.user_id', '', true)"))
        assert found(db, table, user) == 0


@pytest.mark.parametrize("table", READ, ids=lambda table: table.name)
def test_a_connection_forgets_for_whom_it_spoke(owner, web, user, table):
    put(owner, table, user)

    with web.connect() as db:
        with db.begin():
            database.speak_for(db, user)
            assert found(db, table, user) == 1
        assert found(db, table, user) == 0


def test_job_code_on_a_worker_sees_only_its_users_rows(owner, engine, user, other):
    for somebody in (user, other):
        put(owner, build_sessions, somebody)

    with as_user(engine, user) as db:
        assert db.scalar(text("SELECT current_user")) == "nightwork_web"
        assert found(db, build_sessions, user) == 1
        assert found(db, build_sessions, other) == 0


def test_the_engine_may_not_read_what_users_handed_in(owner, engine, user):
    put(owner, build_sessions, user)

    with engine.connect() as db, pytest.raises(ProgrammingError, match="denied"):
        found(db, build_sessions, user)


def test_an_operator_sees_every_users_jobs(owner, web, user, other):
    jobs = metadata.tables["jobs"]
    for somebody in (user, other):
        put(owner, jobs, somebody)

    with as_operator(web) as db:
        assert db.scalar(text("SELECT count(*) FROM jobs")) == 2


def test_a_user_sees_no_other_users_name(web, user, other):
    with as_user(web, user) as db:
        assert list(db.scalars(text("SELECT id FROM users"))) == [user]


def test_web_finds_a_keys_holder_without_reading_keys(owner, web, user):
    with owner.connect() as db:
        key = keys.create_key(db, user, "operator")

    with web.begin() as db:
        assert keys.holder(db, keys.digest(key)) == (user, Scope.OPERATOR)
        assert keys.holder(db, keys.digest(key + "x")) is None
        assert refused(db, "SELECT * FROM api_keys")


def test_a_revoked_key_opens_nothing(owner, web, user):
    with owner.connect() as db:
        key = keys.create_key(db, user, "user")
        assert keys.revoke(db, key)
        assert not keys.revoke(db, key)

    with web.begin() as db:
        assert keys.holder(db, keys.digest(key)) is None


def test_only_a_keys_hash_is_kept(owner, user):
    with owner.connect() as db:
        key = keys.create_key(db, user, "user")
        kept = db.execute(text("SELECT * FROM api_keys")).one()

    assert key not in str(kept)
    assert kept.key_hash == keys.digest(key)


def test_the_engine_may_not_ask_whose_a_key_is(engine):
    with engine.connect() as db, pytest.raises(ProgrammingError, match="denied"):
        keys.holder(db, keys.digest("nw_guess"))
    with engine.connect() as db, pytest.raises(ProgrammingError, match="denied"):
        keys.user_of(db, "somebody")


def test_a_token_seen_before_speaks_for_the_same_user(web):
    with web.begin() as db:
        first = keys.user_of(db, "auth0|ada")
        assert keys.user_of(db, "auth0|ada") == first
        assert keys.user_of(db, "auth0|bob") != first


def test_a_role_that_row_level_security_does_not_hold_back_is_refused(
    owner, web, engine
):
    database.refuse_powerful_role(web, "WEB_DATABASE_URL")
    database.refuse_powerful_role(engine, "WORKER_DATABASE_URL")
    with pytest.raises(database.TooPowerfulRoleError, match="WEB_DATABASE_URL"):
        database.refuse_powerful_role(owner, "WEB_DATABASE_URL")


def test_every_table_of_users_is_guarded_and_forced(owner):
    statement = text("""
        SELECT relname FROM pg_class WHERE relkind = 'r' AND relforcerowsecurity
        AND relrowsecurity AND relnamespace = CAST('public' AS regnamespace)
    """)
    with owner.connect() as db:
        guarded = set(db.scalars(statement))

    assert guarded >= {table.name for table in OWNED} | {"users"}
