"""One step: run, tried again, recorded once; and what is done when it is in doubt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from jobs.kit.doing import Doing, StepUnderWay
from jobs.kit.doubt import Ask, InDoubt, Landed, Policy
from jobs.kit.errors import (
    LeaseLost,
    StepFailed,
    Suspend,
    TooLargeError,
    TriesUsedUpError,
)
from jobs.kit.redaction import describe, secrets_of
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
        *,
        payload: object,
    ) -> None:
        """Go on where an earlier attempt left the step."""
        self._call = call
        self._memo = memo
        self._policy = policy
        self._ledger = ledger
        self._signals = signals
        self._doing = doing
        self._payload = payload
        self._failures = memo.failures if memo else 0
        self._tries = memo.tries if memo else 0
        self._began = time.monotonic()
        self._doubtful = memo is not None and memo.state in {"started", "held"}
        # Whether a cut-off effect may not simply be repeated.
        self._delicate = (
            call.effect is not None and policy.in_doubt is not InDoubt.RETRY_SAME_KEY
        )

    def result(self, run: Callable[[], object]) -> Json:
        """Try until it works; raises StepFailed when its tries are used up."""
        while True:
            self._begin()
            try:
                landed = self._settle() if self._doubtful else Landed(run())
                outcome = through_json(landed and landed.result, self._words)
            except GivenUpError:
                raise LeaseLost from None
            except Exception as error:  # noqa: BLE001 - any error of the author's code
                self._doing.end()
                self._after(error)
                continue
            self._doing.end()
            if landed is not None:
                return self._commit(outcome)
            # It is known not to have happened.
            self._doubtful = False
            if self._failures >= self._policy.retry.attempts:
                self._fail(TriesUsedUpError(self._call.name))

    @property
    def _words(self) -> str:
        return f"The result of step {self._call.name!r}"

    def _begin(self) -> None:
        self._signals.interrupt_job()
        self._ledger.check()
        if self._call.effect and not self._doubtful:
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
                self._delicate,
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
        if self._delicate and (self._doubtful or judged.in_doubt):
            self._doubt(error, judged)
        elif not judged.retryable or self._failures + 1 >= self._policy.retry.attempts:
            self._fail(error)
        else:
            self._count(error, "retrying")
        self._wait(judged)

    def _doubt(self, error: Exception, judged: Verdict) -> None:
        """Ask at the next try; when nobody answers in time an operator decides."""
        exhausted = self._failures + 1 >= self._policy.retry.attempts
        unanswered = self._doubtful and (exhausted or not judged.retryable)
        if self._policy.in_doubt is InDoubt.HOLD or unanswered:
            self._count(error, "held")
            raise Suspend(Reason.HOLD)
        self._doubtful = True
        self._count(error, "started")

    def _fail(self, error: Exception) -> NoReturn:
        self._count(error, "failed")
        raise StepFailed(self._call.name, self._said(error)) from error

    def _count(self, error: Exception, state: str) -> None:
        self._failures += 1
        self._tries += 1
        self._ledger.failed_try(
            self._call,
            self._said(error),
            elapsed=self._elapsed(),
            failures=self._failures,
            state=state,
        )

    def _said(self, error: Exception) -> str:
        return describe(error, secrets_of(self._payload))

    def _wait(self, judged: Verdict) -> None:
        delay = self._policy.retry.delay(self._failures)
        if judged.after is not None:
            delay = max(delay, judged.after)
        if delay >= PATIENCE:
            raise Suspend(Reason.BACKOFF, delay=delay)
        self._signals.wait(delay)
        self._signals.interrupt_job()

    def _settle(self) -> Landed | None:
        """Follow the policy; gives the result if the effect is known to have landed."""
        match self._policy.in_doubt:
            case Ask(provider):
                return provider()
            case InDoubt.HOLD:
                self._hold()
        return None

    def _hold(self) -> NoReturn:
        self._ledger.mark(self._call, "held")
        raise Suspend(Reason.HOLD)

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)
