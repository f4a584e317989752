"""Pages that were handed in, and what their audits found."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.columns import metadata, moment, owner

build_sessions = Table(
    "build_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("name", Text, nullable=False),
    Column("url", Text),
    Column("html", Text),
    Column("source_hash", Text, nullable=False),
    # The audit that counts: the latest one asked for.
    Column("job_id", Uuid),
    moment("created_at", now=True, null=False),
    CheckConstraint("(url IS NULL) <> (html IS NULL)", name="one_source"),
    Index("ix_build_sessions_user_id_id", "user_id", text("id DESC")),
    Index("ix_build_sessions_job_id", "job_id"),
)

audit_sources = Table(
    "audit_sources",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    owner(),
    Column("url", Text),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("content", LargeBinary, nullable=False),
    moment("created_at", now=True, null=False),
)

audits = Table(
    "audits",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column(
        "session_id",
        Uuid,
        ForeignKey("build_sessions.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("job_id", Uuid, nullable=False, unique=True),
    Column("score", SmallInteger, nullable=False),
    Column("scores", JSONB, nullable=False),
    Column("findings", JSONB, nullable=False),
    Column("page", JSONB, nullable=False),
    moment("created_at", now=True, null=False),
    CheckConstraint("score BETWEEN 0 AND 100", name="score_percent"),
    Index("ix_audits_session_id_id", "session_id", text("id DESC")),
)
