"""One attempt at a job: run its function, and say how it came out as a value."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from jobs.kit.errors import (
    CancelRequested,
    HandOver,
    LeaseLost,
    StepFailed,
    Suspend,
)
from jobs.kit.redaction import describe, scrub, secrets_of
from jobs.kit.steprun import through_json
from jobs.kit.verdict import verdict
from models.persistence import GivenUpError
from models.states import Reason

if TYPE_CHECKING:
    from jobs.kit.context import Context
    from jobs.kit.kinds import JobKind
    from jobs.kit.retry import Retry
    from models.json import Json


@dataclass(frozen=True)
class Returned:
    """The function came to its end."""

    result: Json


@dataclass(frozen=True)
class Suspended:
    """The job waits."""

    cause: Suspend


@dataclass(frozen=True)
class Crashed:
    """The job's own code raised; every text is redacted."""

    type: str
    message: str
    stack: str
    step: str | None
    retryable: bool
    after: timedelta | None = None
    reason: Reason = Reason.ERROR

    @property
    def detail(self) -> dict[str, Any]:
        """Give what the API shows as `errorDetail`."""
        return {"type": self.type, "step": self.step, "retryable": self.retryable}


@dataclass(frozen=True)
class Stopped:
    """A cancel was carried out."""


@dataclass(frozen=True)
class HandedOver:
    """The worker is stopping."""


@dataclass(frozen=True)
class Lost:
    """A later attempt owns the job: nothing may be recorded."""


Outcome = Returned | Suspended | Crashed | Stopped | HandedOver | Lost


def run(kind: JobKind[Any], ctx: Context, payload: dict[str, Any]) -> Outcome:
    """Run the function once; every way it can end is an outcome."""
    try:
        args = kind.read(payload)
        return Returned(through_json(kind.run(ctx, args), "The job's result"))
    except Suspend as cause:
        return Suspended(cause)
    except CancelRequested:
        return Stopped()
    except HandOver:
        return HandedOver()
    except (LeaseLost, GivenUpError):
        return Lost()
    except Exception as error:  # noqa: BLE001 - any error of the author's code
        return crashed(error, payload)


def next_try(retry: Retry, crash: Crashed, failures: int) -> timedelta | None:
    """Give the wait after the job's n-th failure; None: it has failed for good.

    A step that used up its tries is not tried again by way of the job.
    """
    if crash.step or not crash.retryable or failures >= retry.attempts:
        return None
    return max(retry.delay(failures), crash.after or timedelta(0))


def crashed(error: BaseException, payload: dict[str, Any]) -> Crashed:
    """Describe an error so that it can be stored and shown."""
    secrets = secrets_of(payload)
    judged = verdict(error)
    cause = error.__cause__ if isinstance(error, StepFailed) else error
    stack = "".join(traceback.format_exception(error, limit=-20))
    return Crashed(
        type=type(cause or error).__name__,
        message=describe(error, secrets),
        stack=scrub(stack, secrets)[:20_000],
        step=error.step if isinstance(error, StepFailed) else None,
        retryable=judged.retryable and not isinstance(error, ValidationError),
        after=judged.after,
    )
