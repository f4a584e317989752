"""Jobs: the row the service decides by, and its data apart so that it stays HOT.

The database refuses nonsense; see the CHECKs.
"""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from models.states import ACTIVE
from models.tables.columns import listed, metadata, moment, owner

# What each state carries.  One constraint, not eight: PostgreSQL reads each of them
# anew at every write, which made a step's commit cost 0.22 ms instead of 0.13.
_CONSISTENT = """
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

jobs = Table(
    "jobs",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("kind", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("state", Text, nullable=False),
    # Why a job waits, or how it failed: an enumerated word.
    Column("reason", Text),
    # 0 high, 1 normal, 2 low: the relay delivers in this order.
    Column("priority", SmallInteger, nullable=False, server_default="1"),
    # The fence: grows at every claim, never shrinks.
    Column("attempt", Integer, nullable=False, server_default="0"),
    # What the retry policy counts; deploys and lost hosts do not.
    Column("failures", Integer, nullable=False, server_default="0"),
    # Deaths of a worker process with this job on it, and those it died of alone.
    Column("deaths", Integer, nullable=False, server_default="0"),
    Column("own_deaths", Integer, nullable=False, server_default="0"),
    Column("worker_id", Uuid),
    # Drawn at each claim: a fail-over may hand out the same attempt twice.
    Column("claim_id", Uuid),
    Column("event_seq", Integer, nullable=False, server_default="0"),
    Column("dedupe_key", Text),
    Column("lane", SmallInteger, nullable=False, server_default="0"),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("parent_id", Uuid),
    Column("current_step", Text),
    Column("progress", SmallInteger),
    Column("note", Text),
    # How often the id was handed to Redis; part of RQ's job id.
    Column("delivery", Integer, nullable=False, server_default="0"),
    moment("delivered_at"),
    # NULL only while waiting for something that is not a time.
    moment("due_at", now=True),
    moment("expires_at"),
    moment("cancel_requested_at"),
    moment("created_at", now=True, null=False),
    moment("started_at"),
    moment("finished_at"),
    CheckConstraint(_CONSISTENT, name="consistent"),
    # A page of one user's jobs, newest first (ids are ordered by time).
    Index("ix_jobs_user_id_id", "user_id", text("id DESC")),
    # The operators' page by state.
    Index("ix_jobs_state_id", "state", text("id DESC")),
    # The relay's next ids of a queue.
    Index(
        "ix_jobs_deliverable",
        "queue",
        "priority",
        "due_at",
        "id",
        postgresql_where=text("state = 'pending' AND delivered_at IS NULL"),
    ),
    # The relay's comparison with Redis.
    Index(
        "ix_jobs_delivered",
        "queue",
        "delivered_at",
        postgresql_where=text("state = 'pending' AND delivered_at IS NOT NULL"),
    ),
    # The rescuer, and the renewal that asks what its worker holds.
    Index("ix_jobs_held", "worker_id", postgresql_where=text("state = 'running'")),
    # The waker.
    Index("ix_jobs_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
    # The waker, for jobs whose time to first start has passed.
    Index(
        "ix_jobs_expiring",
        "expires_at",
        postgresql_where=text(
            "state IN ('pending', 'waiting') AND expires_at IS NOT NULL"
        ),
    ),
    # One active job a key and lane.
    Index(
        "uq_jobs_dedupe",
        "user_id",
        "kind",
        "dedupe_key",
        "lane",
        unique=True,
        postgresql_where=text(
            f"dedupe_key IS NOT NULL AND state IN ({listed(ACTIVE)})"
        ),
    ),
    # The pruner.
    Index(
        "ix_jobs_finished_at",
        "finished_at",
        postgresql_where=text("finished_at IS NOT NULL"),
    ),
    # Step commits change no indexed column: they stay HOT given some room.
    postgresql_with={"fillfactor": "70"},
)

job_data = Table(
    "job_data",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    owner(),
    Column("payload", JSONB, nullable=False),
    Column("result", JSONB),
    # The last error in words, and {type, step, retryable}.
    Column("error", Text),
    Column("error_detail", JSONB),
)
