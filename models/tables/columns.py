"""The schema's metadata and the columns that many tables share."""

from sqlalchemy import Column, DateTime, MetaData, Uuid, func

from models.states import State

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def listed(states: frozenset[State]) -> str:
    """Write states as the inside of an SQL `IN (…)`."""
    return ", ".join(f"'{state}'" for state in sorted(states))


def moment(name: str, *, now: bool = False, null: bool = True) -> Column[object]:
    """Make a UTC time column; `now`: the database's clock fills it."""
    default = func.now() if now else None
    return Column(name, DateTime(timezone=True), nullable=null, server_default=default)


def owner() -> Column[object]:
    """Make the column that row-level security compares."""
    return Column("user_id", Uuid, nullable=False)
