"""How Alembic reaches the database: `DATABASE_URL`, the owner's."""

from sqlalchemy import text

from alembic import context
from models.database import make_engine, wait_until_up
from models.settings import settings
from models.tables import metadata

# Two releases at once take turns.
_TURN = text("SELECT pg_advisory_xact_lock(hashtext('nightwork migrations'))")


def run() -> None:
    """Migrate in one transaction: all of it or nothing."""
    engine = make_engine(settings().database_url, pool_size=1)
    wait_until_up(engine)
    with engine.begin() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        connection.execute(_TURN)
        context.run_migrations()


run()
