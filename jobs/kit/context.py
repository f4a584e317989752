"""What a running job holds in its hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, cast

import structlog
from structlog.contextvars import bound_contextvars

from jobs.kit.doing import Doing
from jobs.kit.doubt import InDoubt, Policy
from jobs.kit.errors import NonRetriableError, StepFailed, Suspend
from jobs.kit.redaction import redact_data, scrub, secrets_of
from jobs.kit.steprun import StepPolicy, StepRun
from models.states import Reason
from models.steps import Call

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Connection

    from jobs.kit.ledger import Ledger, Signals
    from jobs.kit.retry import Retry
    from models.jobs import Claimed, Memo

A = TypeVarTuple("A")
R = TypeVar("R")
MOST_STEPS = 1000
STEP_LIMIT = timedelta(minutes=5)
_log = structlog.get_logger("job")


class Context:
    """The tools of one attempt at one job.

    Code between steps runs again on every attempt; a step that is finished gives
    its recorded result instead.
    """

    def __init__(
        self,
        claimed: Claimed,
        ledger: Ledger,
        signals: Signals,
        *,
        retry: Retry,
        doing: Doing | None = None,
    ) -> None:
        """Start with what earlier attempts recorded."""
        self.job_id: UUID = claimed.held.job_id
        self.user_id: UUID = claimed.user_id
        self.attempt: int = claimed.held.attempt
        self._payload = claimed.payload
        self._memo: Mapping[str, Memo] = claimed.memo
        self._ledger = ledger
        self._signals = signals
        self._retry = retry
        self._doing = doing or Doing()
        self._names: Counter[str] = Counter()

    def step(
        self,
        name: str,
        run: Callable[[Unpack[A]], R],
        *args: *A,
        retry: Retry | None = None,
        timeout: timedelta = STEP_LIMIT,
        effect: str | None = None,
        in_doubt: Policy = InDoubt.RETRY_SAME_KEY,
    ) -> R:
        """Run a function once: its result is recorded, and given back for ever.

        The result goes through JSON, also the first time.  A name used again is
        numbered: `render`, `render#2`.  `effect` names what it does outside: it is
        marked before it begins, and `in_doubt` says what to do when it was cut off.
        Raises StepFailed when its tries are used up.
        """
        call = self._call(name, effect)
        memo = self._memo.get(call.name)
        if memo and memo.state == "completed":
            return cast("R", self._recorded(call, memo))
        if memo and memo.state == "failed":
            raise StepFailed(call.name, memo.error or "It had failed before.")
        policy = StepPolicy(retry or self._retry, timeout, in_doubt)
        run_ = StepRun(
            call,
            memo,
            policy,
            self._ledger,
            self._signals,
            self._doing,
            payload=self._payload,
        )
        with bound_contextvars(step=call.name):
            return cast("R", run_.result(lambda: run(*args)))

    def sleep(self, name: str, length: timedelta) -> None:
        """Go on after this long; meanwhile the job holds no worker."""
        call = self._call(name, None)
        memo = self._memo.get(call.name)
        if memo and memo.state == "completed":
            return
        self._signals.interrupt_job()
        self._ledger.check()
        if memo is None:
            self._ledger.mark(call, "sleeping", length)
        nap = self._ledger.end_sleep(call)
        if nap.due_at is None:
            message = f"{call.name!r} is recorded as a step, not as a sleep."
            raise NonRetriableError(message)
        if not nap.over:
            raise Suspend(Reason.SLEEP, until=nap.due_at)

    def progress(self, done: float, total: float, note: str | None = None) -> None:
        """Show how far the job is; written with the next step or renewal."""
        share = round(100 * done / total) if total else 0
        said = note and scrub(note, secrets_of(self._payload))[:500]
        self._doing.tell(max(0, min(share, 100)), said)

    def log(self, message: str, **fields: Any) -> None:
        """Write a line into the service's log and into the job's events."""
        secrets = secrets_of(self._payload)
        said = scrub(message, secrets)[:2000]
        data = {key: scrub(str(it), secrets)[:2000] for key, it in fields.items()}
        _log.info(said, **data)
        self._ledger.tell(said, redact_data(data))

    def key(self, name: str) -> str:
        """Give the idempotency key of an effect: the same on every attempt."""
        return f"{self.job_id}:{name}"

    def check(self) -> None:
        """Raise if the job was taken over, is to stop.

        Call it in long loops: it costs nothing while the lease is fresh.
        """
        self._ledger.check()

    def pause(self, length: timedelta) -> None:
        """Stay in the worker for a moment; wakes early if the job has to stop."""
        self._signals.pause(length)

    def database(self) -> AbstractContextManager[Connection]:
        """Open one transaction that sees and changes only the user's rows."""
        return self._ledger.database(self.user_id)

    @property
    def tries(self) -> int:
        """Count how often the step under way was tried before, replays included."""
        return self._doing.step.tries if self._doing.step else 0

    def _call(self, name: str, effect: str | None) -> Call:
        self._names[name] += 1
        position = self._names.total()
        if position > MOST_STEPS:
            message = f"A job has at most {MOST_STEPS} steps; use child jobs."
            raise NonRetriableError(message)
        if self._names[name] > 1:
            name = f"{name}#{self._names[name]}"
        return Call(name, position, effect)

    def _recorded(self, call: Call, memo: Memo) -> object:
        return self._ledger.result(call.name) if memo.large else memo.result
