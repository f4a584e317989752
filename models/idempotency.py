"""Idempotency keys: a request that is repeated within a day starts nothing anew."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

_MATCH = "user_id = :user_id AND endpoint = :endpoint AND key = :key"

_FORGET_OLD = text(f"""
    DELETE FROM idempotency_keys
    WHERE {_MATCH} AND created_at < now() - interval '24 hours'
""")  # noqa: S608 - a constant of this module

# Of two at once the second waits here for the first one's commit.
_RESERVE = text("""
    INSERT INTO idempotency_keys (user_id, endpoint, key, body_hash, job_id)
    VALUES (:user_id, :endpoint, :key, :body_hash, :job_id)
    ON CONFLICT DO NOTHING RETURNING job_id
""")

_EARLIER = text(f"""
    SELECT job_id, body_hash FROM idempotency_keys WHERE {_MATCH}
""")  # noqa: S608 - the same

_RELEASE = text(f"DELETE FROM idempotency_keys WHERE {_MATCH}")  # noqa: S608 - the same


class Key(NamedTuple):
    """A client's key for one request, and the SHA-256 of that request's body."""

    user_id: UUID
    endpoint: str
    key: str
    body_hash: bytes


class KeyReusedError(Exception):
    """The key was used with another body."""


def reserve(db: Connection, key: Key, job_id: UUID) -> UUID | None:
    """Bind the key to a job about to be made; gives the earlier job if there is one.

    Raises KeyReusedError.
    """
    db.execute(_FORGET_OLD, key._asdict())
    if db.scalar(_RESERVE, {**key._asdict(), "job_id": job_id}) is not None:
        return None
    earlier = db.execute(_EARLIER, key._asdict()).one()
    if bytes(earlier.body_hash) != key.body_hash:
        raise KeyReusedError
    found: UUID = earlier.job_id
    return found


def rebind(db: Connection, key: Key, job_id: UUID) -> None:
    """Bind the reserved key to the job that stands in for the one wished for."""
    db.execute(_RELEASE, key._asdict())
    db.execute(_RESERVE, {**key._asdict(), "job_id": job_id})
