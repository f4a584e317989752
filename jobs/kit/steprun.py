"""One step: run, tried again, recorded once; and what is done when it is in doubt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from jobs.kit.doing import Doing, StepUnderWay
from jobs.kit.doubt import Ask, InDoubt, Policy
from jobs.kit.errors import (
    LeaseLost,
    StepFailed,
    Suspend,
    TooLargeError,
)
from jobs.kit.redaction import describe
from jobs.kit.retry import PATIENCE, Retry
from jobs.kit.verdict import Verdict, verdict
from models.json import Json, dump
from models.persistence import GivenUpError
from models.states import Reason
from models.steps import Call

if TYPE_CHECKING:
    from jobs.kit.ledger import Ledger, Signals
    from models.jobs import Memo

RESULT_LIMIT = 2**20


@dataclass(frozen=True)
class StepPolicy:
    """How a step is tried, timed, and treated when its effect is in doubt."""

    retry: Retry
    timeout: timedelta
    in_doubt: Policy


def through_json(value: object, what: str) -> Json:
    """Give a value as it will be read back; raises TooLargeError, TypeError."""
    written = dump(value)
    if (size := len(written.encode())) > RESULT_LIMIT:
        raise TooLargeError(what, size, RESULT_LIMIT)
    read: Json = json.loads(written)
    return read


class StepRun:
    """The tries of one step in one attempt."""

    def __init__(
        self,
        call: Call,
        memo: Memo | None,
        policy: StepPolicy,
        ledger: Ledger,
        signals: Signals,
        doing: Doing,
    ) -> None:
        """Go on where an earlier attempt left the step."""
        self._call = call
        self._memo = memo
        self._policy = policy
        self._ledger = ledger
        self._signals = signals
        self._doing = doing
        self._failures = memo.failures if memo else 0
        self._tries = memo.tries if memo else 0
        self._began = time.monotonic()

    def result(self, run: Callable[[], object]) -> Json:
        """Try until it works; raises StepFailed when its tries are used up."""
        if self._is_in_doubt():
            landed = self._settle()
            if landed is not None:
                return self._commit(landed)
        while True:
            self._begin()
            try:
                outcome = through_json(run(), f"The result of step {self._call.name!r}")
            except GivenUpError:
                raise LeaseLost from None
            except Exception as error:  # noqa: BLE001 - any error of the author's code
                self._doing.end()
                self._after(error)
            else:
                self._doing.end()
                return self._commit(outcome)

    def _begin(self) -> None:
        self._signals.interrupt_job()
        self._ledger.check()
        if self._call.effect:
            self._ledger.mark(self._call, "started")
            self._signals.interrupt_step()
        self._began = time.monotonic()
        self._doing.begin(
            StepUnderWay(
                self._call,
                self._began,
                self._policy.timeout,
                self._failures,
                self._tries,
                self._policy.retry,
            )
        )

    def _commit(self, outcome: Json) -> Json:
        self._ledger.commit(
            self._call, outcome, elapsed=self._elapsed(), progress=self._doing.progress
        )
        return outcome

    def _after(self, error: Exception) -> None:
        """Return to try again now; raise to wait longer, to be held, or to fail."""
        judged = verdict(error)
        self._failures += 1
        self._tries += 1
        last = not judged.retryable or self._failures >= self._policy.retry.attempts
        doubtful = judged.in_doubt and self._call.effect is not None
        if doubtful and self._policy.in_doubt is InDoubt.HOLD:
            self._hold()
        self._ledger.failed_try(
            self._call,
            describe(error),
            elapsed=self._elapsed(),
            failures=self._failures,
            last=last,
        )
        if last:
            raise StepFailed(self._call.name, describe(error)) from error
        self._wait(judged)

    def _wait(self, judged: Verdict) -> None:
        delay = self._policy.retry.delay(self._failures)
        if judged.after is not None:
            delay = max(delay, judged.after)
        if delay >= PATIENCE:
            raise Suspend(Reason.BACKOFF, delay=delay)
        self._signals.wait(delay)
        self._signals.interrupt_job()

    def _is_in_doubt(self) -> bool:
        return self._memo is not None and self._memo.state in {"started", "held"}

    def _settle(self) -> Json:
        """Follow the policy; gives the result if the effect is known to have landed."""
        match self._policy.in_doubt:
            case Ask(provider):
                landed = provider()
                return landed.result if landed else None
            case InDoubt.HOLD:
                self._hold()
        return None

    def _hold(self) -> NoReturn:
        self._ledger.mark(self._call, "held")
        raise Suspend(Reason.HOLD)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)
