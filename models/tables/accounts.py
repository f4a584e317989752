"""Who may ask, and what they asked before."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
)

from models.tables.columns import metadata, moment

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    # `sub` of the app's own tokens; NULL for users made by an operator.
    Column("subject", Text, unique=True),
    moment("created_at", now=True, null=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    # The first characters, to tell keys apart; never enough to use one.
    Column("prefix", Text, nullable=False),
    Column("scope", Text, nullable=False),
    moment("created_at", now=True, null=False),
    moment("revoked_at"),
    CheckConstraint("scope IN ('user', 'operator', 'admin')", name="scope_known"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("endpoint", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("job_id", Uuid, nullable=False),
    moment("created_at", now=True, null=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
)
