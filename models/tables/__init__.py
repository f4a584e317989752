"""The tables, by name."""

from models.tables.accounts import api_keys, idempotency_keys, users
from models.tables.audits import audit_sources, audits, build_sessions
from models.tables.columns import metadata
from models.tables.jobs import job_data, jobs
from models.tables.operations import failed_jobs, workers
from models.tables.progress import job_events, job_steps

__all__ = [
    "api_keys",
    "audit_sources",
    "audits",
    "build_sessions",
    "failed_jobs",
    "idempotency_keys",
    "job_data",
    "job_events",
    "job_steps",
    "jobs",
    "metadata",
    "users",
    "workers",
]
