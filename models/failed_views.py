"""Dead letters as operators look at them."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from models.job_views import Page, cut

_COLUMNS = """f.id, f.job_id, f.user_id, f.job_type, f.event_data, f.error_message,
    f.error_stack, f.failed_step, f.fingerprint, f.retry_count, f.failed_at,
    f.resolved_at, f.resolved_by, f.notes, f.replayed_at"""

_SHOW = text(f"SELECT {_COLUMNS} FROM failed_jobs f WHERE f.id = :id")  # noqa: S608 - constants

_FILTERS = {
    "job_type": "f.job_type = :job_type",
    "fingerprint": "f.fingerprint = :fingerprint",
    "cursor": "f.id < :cursor",
}
_OPEN = "f.resolved_at IS NULL AND f.replayed_at IS NULL"

_PAGE = (
    "SELECT {columns} FROM failed_jobs f WHERE {filters} ORDER BY f.id DESC LIMIT :more"
)


class Filter(NamedTuple):
    """Which dead letters to list; `open`: neither resolved nor replayed."""

    job_type: str | None = None
    fingerprint: str | None = None
    cursor: UUID | None = None
    open: bool | None = None


def show(db: Connection, letter_id: UUID) -> Row[Any] | None:
    """Read one; None: unknown."""
    return db.execute(_SHOW, {"id": letter_id}).one_or_none()


def page(db: Connection, wanted: Filter, *, limit: int) -> Page[Row[Any]]:
    """List them, newest first."""
    given = {name: value for name, value in wanted._asdict().items() if value}
    chosen = [_FILTERS[name] for name in given if name in _FILTERS] or ["true"]
    if wanted.open is not None:
        chosen.append(_OPEN if wanted.open else f"NOT ({_OPEN})")
    statement = text(_PAGE.format(columns=_COLUMNS, filters=" AND ".join(chosen)))
    rows = db.execute(statement, {**given, "more": limit + 1}).all()
    return cut(rows, limit)
