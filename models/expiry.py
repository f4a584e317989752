"""Jobs whose time to first start has passed."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_OVERDUE = text("""
    SELECT id FROM jobs
    WHERE state IN ('pending', 'waiting') AND expires_at <= now() LIMIT :batch
""")
_PAYLOAD = text("SELECT payload FROM job_data WHERE job_id = :id")


def overdue(db: Connection, *, batch: int) -> list[UUID]:
    """List jobs that nobody started in time."""
    return list(db.scalars(_OVERDUE, {"batch": batch}))


def payload_of(db: Connection, job_id: UUID) -> dict[str, Any]:
    """Read what a job was asked to do."""
    found: dict[str, Any] = db.execute(_PAYLOAD, {"id": job_id}).scalar_one()
    return found
