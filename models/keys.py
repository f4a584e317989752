"""Users and their API keys.  A key is shown once; only its SHA-256 is kept."""

import hashlib
import secrets
from enum import IntEnum
from hmac import compare_digest
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

PREFIX = "nw_"
_TOLD_APART_BY = 11

_CREATE_USER = text("INSERT INTO users (id, name) VALUES (:id, :name)")
_CREATE_KEY = text("""
    INSERT INTO api_keys (id, user_id, key_hash, prefix, scope)
    VALUES (:id, :user_id, :key_hash, :prefix, :scope)
""")
_REVOKE = text("""
    UPDATE api_keys SET revoked_at = now()
    WHERE key_hash = :hash AND revoked_at IS NULL RETURNING id
""")
# Functions, because web may not read these tables.
_HOLDER = text("SELECT user_id, scope, key_hash FROM nightwork_key_holder(:hash)")
_USER_OF = text("SELECT nightwork_user_of(:new_id, :subject)")


class Scope(IntEnum):
    """What a key may do; each includes the ones before it."""

    USER = 1  # its user's own rows
    OPERATOR = 2  # every user's rows, dead letters, operators' job kinds
    ADMIN = 3

    @property
    def word(self) -> str:
        """As it is stored and spoken."""
        return self.name.lower()


class Holder(NamedTuple):
    """Whose key it is, and what it may do."""

    user_id: UUID
    scope: Scope


def create_user(db: Connection, name: str) -> UUID:
    """Make a user; as the owner of the database."""
    user_id: UUID = uuid7()
    db.execute(_CREATE_USER, {"id": user_id, "name": name})
    return user_id


def create_key(db: Connection, user_id: UUID, scope: str) -> str:
    """Make a key and give it in plain, this once; raises KeyError on other scopes."""
    stored = Scope[scope.upper()].word
    key = PREFIX + secrets.token_urlsafe(32)
    values = {"id": uuid7(), "user_id": user_id, "key_hash": digest(key)}
    db.execute(_CREATE_KEY, {**values, "prefix": key[:_TOLD_APART_BY], "scope": stored})
    return key


def revoke(db: Connection, key: str) -> bool:
    """End a key at once; false: it was none."""
    return db.scalar(_REVOKE, {"hash": digest(key)}) is not None


def digest(key: str) -> bytes:
    """Hash a key as it is kept: it holds 32 random bytes, so one round will do."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def holder(db: Connection, key_hash: bytes) -> Holder | None:
    """Find whose key has this hash, unless it is revoked."""
    row = db.execute(_HOLDER, {"hash": key_hash}).one_or_none()
    if row is None or not compare_digest(bytes(row.key_hash), key_hash):
        return None
    return Holder(row.user_id, Scope[row.scope.upper()])


def user_of(db: Connection, subject: str) -> UUID:
    """Find the user a token speaks of; one not seen before is made."""
    values = {"new_id": uuid7(), "subject": subject}
    found: UUID = db.execute(_USER_OF, values).scalar_one()
    return found
