"""The engine's tables and the audits'.

Revision: 0001; after: .
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


JOBS_CONSISTENT = """
(progress IS NULL OR progress BETWEEN 0 AND 100) AND CASE state
    WHEN 'pending' THEN due_at IS NOT NULL AND num_nonnulls(
        worker_id, claim_id, reason, finished_at, cancel_requested_at) = 0
    WHEN 'running' THEN num_nonnulls(worker_id, claim_id) = 2
        AND num_nonnulls(reason, finished_at) = 0
    WHEN 'waiting' THEN reason IS NOT NULL AND num_nonnulls(
        worker_id, claim_id, finished_at, cancel_requested_at) = 0
    WHEN 'completed' THEN finished_at IS NOT NULL AND num_nonnulls(
        worker_id, claim_id, reason, cancel_requested_at) = 0
    WHEN 'failed' THEN num_nonnulls(reason, finished_at) = 2
        AND num_nonnulls(worker_id, claim_id, cancel_requested_at) = 0
    WHEN 'cancelled' THEN finished_at IS NOT NULL AND num_nonnulls(
        worker_id, claim_id, reason, cancel_requested_at) = 0
    ELSE false
END
"""

STEPS_CONSISTENT = """
CASE state
    WHEN 'completed' THEN ended_at IS NOT NULL
    WHEN 'failed' THEN ended_at IS NOT NULL
    WHEN 'started' THEN ended_at IS NULL
    WHEN 'retrying' THEN ended_at IS NULL
    WHEN 'held' THEN ended_at IS NULL
    WHEN 'sleeping' THEN ended_at IS NULL AND due_at IS NOT NULL
    ELSE false
END
"""


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "audit_sources",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_audit_sources")),
    )
    op.create_table(
        "build_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("source_hash", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(url IS NULL) <> (html IS NULL)", name=op.f("ck_build_sessions_one_source")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build_sessions")),
    )
    op.create_index(
        "ix_build_sessions_job_id", "build_sessions", ["job_id"], unique=False
    )
    op.create_index(
        "ix_build_sessions_user_id_id",
        "build_sessions",
        ["user_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_table(
        "failed_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column(
            "event_data", postgresql.JSONB(astext_type=sa.Text()), nullable=False
        ),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("error_stack", sa.Text(), nullable=True),
        sa.Column("failed_step", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("retry_count", sa.Integer(), nullable=False),
        sa.Column(
            "failed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_jobs")),
    )
    op.create_index(
        "ix_failed_jobs_fingerprint_id",
        "failed_jobs",
        ["fingerprint", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_failed_jobs_job_id", "failed_jobs", ["job_id"], unique=False)
    op.create_index(
        "ix_failed_jobs_unshown",
        "failed_jobs",
        ["failed_at"],
        unique=False,
        postgresql_where=sa.text(
            "resolved_at IS NULL AND replayed_at IS NULL AND shown_at IS NULL"
        ),
    )
    op.create_index(
        "ix_failed_jobs_settled",
        "failed_jobs",
        ["id"],
        unique=False,
        postgresql_where=sa.text(
            "shown_at IS NOT NULL"
            " AND (resolved_at IS NOT NULL OR replayed_at IS NOT NULL)"
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "endpoint", "key", name=op.f("pk_idempotency_keys")
        ),
    )
    op.create_index(
        "ix_idempotency_keys_created_at",
        "idempotency_keys",
        ["created_at"],
        unique=False,
    )
    op.create_table(
        "job_data",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "error_detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_data")),
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "type IN ('state', 'step', 'progress', 'log')",
            name=op.f("ck_job_events_type_known"),
        ),
        sa.PrimaryKeyConstraint("job_id", "seq", name=op.f("pk_job_events")),
    )
    op.create_table(
        "job_steps",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(STEPS_CONSISTENT, name=op.f("ck_job_steps_consistent")),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_steps")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("deaths", sa.Integer(), server_default="0", nullable=False),
        sa.Column("own_deaths", sa.Integer(), server_default="0", nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("event_seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.Column("lane", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("current_step", sa.Text(), nullable=True),
        sa.Column("progress", sa.SmallInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("delivery", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=True,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(JOBS_CONSISTENT, name=op.f("ck_jobs_consistent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_jobs_deliverable",
        "jobs",
        ["queue", "priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending' AND delivered_at IS NULL"),
    )
    op.create_index(
        "ix_jobs_delivered",
        "jobs",
        ["queue", "delivered_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending' AND delivered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_expiring",
        "jobs",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('pending', 'waiting') AND expires_at IS NOT NULL"
        ),
    )
    op.create_index(
        "ix_jobs_finished_at",
        "jobs",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_held",
        "jobs",
        ["worker_id"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_jobs_state_id",
        "jobs",
        ["state", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_jobs_user_id_id",
        "jobs",
        ["user_id", sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_jobs_dedupe",
        "jobs",
        ["user_id", "kind", "dedupe_key", "lane"],
        unique=True,
        postgresql_where=sa.text(
            "dedupe_key IS NOT NULL AND state IN ('pending', 'running', 'waiting')"
        ),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("subject", name=op.f("uq_users_subject")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("queues", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("slots", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hung", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("draining_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('threads', 'isolated', 'keeper')",
            name=op.f("ck_workers_role_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index(
        "ix_workers_alive",
        "workers",
        ["seen_at"],
        unique=False,
        postgresql_where=sa.text("stopped_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "scope IN ('user', 'operator', 'admin')",
            name=op.f("ck_api_keys_scope_known"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_api_keys_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_table(
        "audits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("scores", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("page", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 100", name=op.f("ck_audits_score_percent")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["build_sessions.id"],
            name=op.f("fk_audits_session_id_build_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audits")),
        sa.UniqueConstraint("job_id", name=op.f("uq_audits_job_id")),
    )
    op.create_index(
        "ix_audits_session_id_id",
        "audits",
        ["session_id", sa.literal_column("id DESC")],
        unique=False,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_audits_session_id_id", table_name="audits")
    op.drop_table("audits")
    op.drop_table("api_keys")
    op.drop_index(
        "ix_workers_alive",
        table_name="workers",
        postgresql_where=sa.text("stopped_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("workers")
    op.drop_table("users")
    op.drop_index(
        "uq_jobs_dedupe",
        table_name="jobs",
        postgresql_where=sa.text(
            "dedupe_key IS NOT NULL AND state IN ('pending', 'running', 'waiting')"
        ),
    )
    op.drop_index(
        "ix_jobs_waiting",
        table_name="jobs",
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_index("ix_jobs_user_id_id", table_name="jobs")
    op.drop_index("ix_jobs_state_id", table_name="jobs")
    op.drop_index(
        "ix_jobs_held", table_name="jobs", postgresql_where=sa.text("state = 'running'")
    )
    op.drop_index(
        "ix_jobs_finished_at",
        table_name="jobs",
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_jobs_expiring",
        table_name="jobs",
        postgresql_where=sa.text(
            "state IN ('pending', 'waiting') AND expires_at IS NOT NULL"
        ),
    )
    op.drop_index(
        "ix_jobs_delivered",
        table_name="jobs",
        postgresql_where=sa.text("state = 'pending' AND delivered_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_jobs_deliverable",
        table_name="jobs",
        postgresql_where=sa.text("state = 'pending' AND delivered_at IS NULL"),
    )
    op.drop_table("jobs")
    op.drop_table("job_steps")
    op.drop_table("job_events")
    op.drop_table("job_data")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_failed_jobs_settled", table_name="failed_jobs")
    op.drop_index("ix_failed_jobs_unshown", table_name="failed_jobs")
    op.drop_index("ix_failed_jobs_job_id", table_name="failed_jobs")
    op.drop_index("ix_failed_jobs_fingerprint_id", table_name="failed_jobs")
    op.drop_table("failed_jobs")
    op.drop_index("ix_build_sessions_user_id_id", table_name="build_sessions")
    op.drop_index("ix_build_sessions_job_id", table_name="build_sessions")
    op.drop_table("build_sessions")
    op.drop_table("audit_sources")
