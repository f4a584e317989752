"""The schema can be built, judged, taken down and built again."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from models.settings import read

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


def test_the_schema_goes_up_and_down_and_fits_the_models(owner, addresses):
    with owner.connect() as db:
        db.execute(text("CREATE DATABASE another"))
    address = make_url(read({"DATABASE_URL": addresses.database}).database_url)
    another = address.set(database="another").render_as_string(hide_password=False)

    done = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": another, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    engine = create_engine(another)
    with engine.connect() as db:
        assert list(db.scalars(LEFT_OVER)) == []
    engine.dispose()
