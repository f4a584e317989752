"""Jobs as values: what is asked for, what a worker holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from uuid_utils.compat import uuid7

from models.json import Json
from models.states import Priority


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One wish for a job; the id is drawn here, so that a repeat keeps it."""

    user_id: UUID
    kind: str
    queue: str
    payload: Json
    priority: Priority = Priority.NORMAL
    dedupe_key: str | None = None
    tags: tuple[str, ...] = ()
    run_at: datetime | None = None
    ttl: timedelta | None = None
    id: UUID = field(default_factory=uuid7)


class Held(NamedTuple):
    """The fence: a job as one attempt holds it."""

    job_id: UUID
    attempt: int
    claim_id: UUID

    @property
    def guard(self) -> dict[str, Any]:
        """Bind it to a statement that names id, attempt and claim."""
        return {"id": self.job_id, "attempt": self.attempt, "claim_id": self.claim_id}


class Memo(NamedTuple):
    """What is recorded of a step so far; `result` only when it is small."""

    state: str
    failures: int
    tries: int
    effect: str | None
    large: bool
    result: Json
    # What a step that failed for good said last.
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job at the start of an attempt, with the steps of earlier attempts."""

    held: Held
    user_id: UUID
    kind: str
    queue: str
    failures: int
    payload: dict[str, Any]
    memo: Mapping[str, Memo]

    @classmethod
    def of(cls, job_id: UUID, claim_id: UUID, row: tuple[Any, ...]) -> Self:
        """Read the row that the claim gives back, in the order of its statement."""
        attempt, user_id, kind, queue, failures, payload, steps = row
        memo = {step.pop("name"): Memo(**step) for step in steps or ()}
        held = Held(job_id, attempt, claim_id)
        return cls(held, user_id, kind, queue, failures, payload, memo)
