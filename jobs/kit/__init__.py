"""The authoring kit: what a job kind is written with."""

from jobs.kit.context import Context
from jobs.kit.doubt import Ask, InDoubt, Landed
from jobs.kit.errors import NonRetriableError, RetryAfterError, StepFailed
from jobs.kit.kinds import Access, JobKind, catalogue, job
from jobs.kit.retry import Retry

__all__ = [
    "Access",
    "Ask",
    "Context",
    "InDoubt",
    "JobKind",
    "Landed",
    "NonRetriableError",
    "Retry",
    "RetryAfterError",
    "StepFailed",
    "catalogue",
    "job",
]
