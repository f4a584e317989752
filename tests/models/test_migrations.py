"""The schema can be built, judged, taken down and built again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from models.settings import read
from models.tables import metadata

ROOT = Path(__file__).parents[2]
# In one process: starting Python three more times would take longer than the work.
ROUND_TRIP = """
from alembic.config import main
for command in (["upgrade", "head"], ["check"], ["downgrade", "base"],
                ["upgrade", "head"], ["check"], ["downgrade", "base"]):
    main(["--raiseerr", *command])
"""
LEFT_OVER = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = CAST('public' AS regnamespace)
      AND relname NOT LIKE 'alembic_version%'
    UNION ALL
    SELECT proname FROM pg_proc WHERE pronamespace = CAST('public' AS regnamespace)
    UNION ALL
    SELECT policyname FROM pg_policies
""")

# Alembic's own comparison looks neither into CHECKs nor into partial indexes.
RULES = text(
    """
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = CAST('public' AS regnamespace)
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
""".replace("::regclass", "\\:\\:regclass")
)


@pytest.fixture
def another(owner, addresses):
    """Makes empty databases beside the migrated one."""
    address = make_url(read({"DATABASE_URL": addresses.database}).database_url)

    def make(name):
        with owner.connect() as db:
            db.execute(text(f"CREATE DATABASE {name}"))
        return address.set(database=name).render_as_string(hide_password=False)

    return make


def rules(engine):
    with engine.connect() as db:
        return {rule for rule in db.scalars(RULES) if "alembic_version" not in rule}


def test_the_migrated_schema_has_every_rule_and_index_of_the_models(owner, another):
    declared = create_engine(another("declared"))
    metadata.create_all(declared)

    assert rules(owner) == rules(declared)
    declared.dispose()


def test_the_schema_goes_up_and_down_and_fits_the_models(another):
    empty = another("empty")

    done = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": empty, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    engine = create_engine(empty)
    with engine.connect() as db:
        assert list(db.scalars(LEFT_OVER)) == []
    engine.dispose()
