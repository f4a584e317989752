"""What operators look at: worker processes and dead letters."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.columns import metadata, moment, owner

workers = Table(
    "workers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("queues", ARRAY(Text), nullable=False, server_default="{}"),
    Column("slots", Integer, nullable=False, server_default="0"),
    Column("hung", Integer, nullable=False, server_default="0"),
    moment("started_at", now=True, null=False),
    moment("seen_at", now=True, null=False),
    moment("draining_at"),
    moment("stopped_at"),
    # Set once by a rescuer; a dead row is never renewed.
    moment("dead_at"),
    CheckConstraint("role IN ('threads', 'isolated', 'keeper')", name="role_known"),
    # The rescuer and readiness look at the living only.
    Index(
        "ix_workers_alive",
        "seen_at",
        postgresql_where=text("stopped_at IS NULL AND dead_at IS NULL"),
    ),
)

failed_jobs = Table(
    "failed_jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("job_id", Uuid, nullable=False),
    owner(),
    Column("job_type", Text, nullable=False),
    # The payload, secrets blotted out.
    Column("event_data", JSONB, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("error_stack", Text),
    Column("failed_step", Text),
    Column("fingerprint", Text, nullable=False),
    # Failures after the first: what was tried again.
    Column("retry_count", Integer, nullable=False),
    moment("failed_at", now=True, null=False),
    moment("resolved_at"),
    Column("resolved_by", Uuid),
    Column("notes", Text),
    moment("replayed_at"),
    # Since when it stands in RQ's failed registry; NULL: it does not.
    moment("shown_at"),
    Index("ix_failed_jobs_job_id", "job_id"),
    Index("ix_failed_jobs_fingerprint_id", "fingerprint", text("id DESC")),
    # The tick that shows open dead letters in RQ's registry.
    Index(
        "ix_failed_jobs_unshown",
        "failed_at",
        postgresql_where=text(
            "resolved_at IS NULL AND replayed_at IS NULL AND shown_at IS NULL"
        ),
    ),
    # The same tick, which takes settled ones out again.
    Index(
        "ix_failed_jobs_settled",
        "id",
        postgresql_where=text(
            "shown_at IS NOT NULL"
            " AND (resolved_at IS NOT NULL OR replayed_at IS NOT NULL)"
        ),
    ),
)
