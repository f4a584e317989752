"""What a job has done: its steps and its history.

Written at every step, so without foreign keys: the rows are made only by
statements that hold the job's row, and the pruner deletes them with it.
"""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from models.tables.columns import metadata, moment, owner

# What each state carries, in one constraint: see jobs.
_CONSISTENT = """
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

job_steps = Table(
    "job_steps",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    owner(),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # The attempt that wrote the row last.
    Column("attempt", Integer, nullable=False),
    # Tries that ended, one way or the other, over the job's whole life.
    Column("tries", Integer, nullable=False, server_default="0"),
    # Tries that raised since the job was last retried: the step's policy counts them.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("result", JSONB),
    Column("error", Text),
    Column("effect", Text),
    moment("started_at"),
    moment("ended_at"),
    # When a sleep is over.
    moment("due_at"),
    CheckConstraint(_CONSISTENT, name="consistent"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("job_id", Uuid, primary_key=True),
    # The job's own number, taken under its row lock: without gaps.
    Column("seq", Integer, primary_key=True),
    owner(),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
    moment("at", now=True, null=False),
    CheckConstraint("type IN ('state', 'step', 'progress', 'log')", name="type_known"),
)
