"""How a wish becomes a job, or finds the job that it already is."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from models import idempotency, transitions
from models.jobs import Submission
from models.states import ACTIVE, State
from models.tables.columns import listed

_BRIEF = text("SELECT id, user_id, kind, state FROM jobs WHERE id = :id")

_ACTIVE = text(f"""
    SELECT id, user_id, kind, state FROM jobs
    WHERE user_id = :user_id AND kind = :kind AND dedupe_key = :dedupe_key
      AND lane = 0 AND state IN ({listed(ACTIVE)})
""")  # noqa: S608 - constants of the code

# An active twin may end between the insert it blocked and the look for it.
_ROUNDS = 3


class Brief(NamedTuple):
    """A job in a few words; `fresh`: this request has made it."""

    id: UUID
    user_id: UUID
    kind: str
    state: State
    fresh: bool = False


class CrowdedError(Exception):
    """Jobs with the same dedupe key came and went too fast to settle on one."""


def brief(db: Connection, job_id: UUID) -> Brief | None:
    """Say what a job is; None: unknown, or not the speaker's."""
    return _read(db.execute(_BRIEF, {"id": job_id}).one_or_none())


def admit(db: Connection, asked: Submission, key: idempotency.Key | None) -> Brief:
    """Make the job, or give the one that the key or the dedupe key stands for.

    Raises KeyReusedError and CrowdedError.
    """
    earlier = key and idempotency.reserve(db, key, asked.id)
    if earlier:
        return brief(db, earlier) or _gone(earlier, asked)
    admitted = _make_or_join(db, asked)
    if key and not admitted.fresh:
        idempotency.rebind(db, key, admitted.id)
    return admitted


def _make_or_join(db: Connection, asked: Submission) -> Brief:
    for _ in range(_ROUNDS):
        if transitions.submit(db, asked):
            return Brief(asked.id, asked.user_id, asked.kind, State.PENDING, fresh=True)
        twin = active(db, asked.user_id, asked.kind, asked.dedupe_key)
        if twin is not None:
            return twin
    raise CrowdedError


def active(
    db: Connection, user_id: UUID, kind: str, dedupe_key: str | None
) -> Brief | None:
    """Find the active job of a dedupe key."""
    values = {"user_id": user_id, "kind": kind, "dedupe_key": dedupe_key}
    return _read(db.execute(_ACTIVE, values).one_or_none())


def _read(row: Row[Any] | None) -> Brief | None:
    if row is None:
        return None
    return Brief(row.id, row.user_id, row.kind, State(row.state))


def _gone(job_id: UUID, asked: Submission) -> Brief:
    # Its rows were pruned while the key was still kept: it has long ended.
    return Brief(job_id, asked.user_id, asked.kind, State.COMPLETED)
