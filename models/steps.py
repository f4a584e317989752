"""What a running job records of its steps.

Every statement takes the job's row lock by the fence first (`held`), and only
then writes the step: a takeover that is under way makes it wait, and then it
finds the fence gone.  Repeating a statement whose answer was lost is harmless.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from models.hot import Statement
from models.jobs import Held
from models.json import Json, dump


def _held(more: str = "", *, unless: str = "", news: str = "1") -> str:
    """Take the row lock by the fence; `more` are further assignments.

    `news`: 1 where an event is written, or else the numbers would have a gap.
    """
    return f"""held AS (
        UPDATE jobs SET event_seq = event_seq + {news} {more}
        WHERE id = :id AND state = 'running'
          AND attempt = :attempt AND claim_id = :claim_id {unless}
        RETURNING id, user_id, event_seq, attempt, cancel_requested_at
    )"""  # noqa: S608 - constants of this module


_EVENT = """event AS (
    INSERT INTO job_events (job_id, seq, user_id, type, name, attempt, data)
    SELECT id, event_seq, user_id, {type}, :name, attempt, {data} FROM held {when}
)"""

_ANSWER = "SELECT cancel_requested_at IS NOT NULL AS cancelling FROM held"

_STEP_DATA = """jsonb_build_object('state', '{state}', 'durationMs',
    round(extract(epoch FROM CAST(:elapsed AS interval)) * 1000))"""


_STEP = "SELECT 1 FROM job_steps s WHERE s.job_id = :id AND s.name = :name"


def _unless_step(condition: str) -> str:
    return f"CASE WHEN EXISTS ({_STEP} AND {condition}) THEN 0 ELSE 1 END"


def _step_event(state: str) -> str:
    data = _STEP_DATA.format(state=state)
    return _EVENT.format(type="'step'", data=data, when=", stepped")


_COMMIT = Statement(f"""
    WITH {
    _held(
        ", current_step = NULL, progress = coalesce(:progress, progress)",
        news=_unless_step("s.state = 'completed'"),
    )
},
    stepped AS (
        INSERT INTO job_steps (job_id, name, user_id, position, state, attempt, tries,
                               result, effect, started_at, ended_at)
        SELECT id, :name, user_id, :position, 'completed', attempt, 1,
               CAST(:result AS jsonb), :effect,
               now() - CAST(:elapsed AS interval), now()
        FROM held
        ON CONFLICT (job_id, name) DO UPDATE SET
            state = 'completed', result = excluded.result, attempt = excluded.attempt,
            tries = job_steps.tries + 1,
            started_at = excluded.started_at, ended_at = excluded.ended_at, error = NULL
            WHERE job_steps.state <> 'completed'
        RETURNING name
    ), {_step_event("completed")}
    {_ANSWER}
""")  # noqa: S608 - every part is a constant of this module

# A repeat of a count whose answer was lost counts nothing, and neither does a count
# that comes after the step's result: whoever times a step is not the one that runs it.
_COUNTED = f"""AND coalesce((SELECT s.failures FROM job_steps s
    WHERE s.job_id = :id AND s.name = :name), 0) < :failures
    AND NOT EXISTS ({_STEP} AND s.state = 'completed')"""  # noqa: S608 - constants

_FAILED_TRY = text(f"""
    WITH {_held(", current_step = NULL, failures = failures + 1", unless=_COUNTED)},
    stepped AS (
        INSERT INTO job_steps (job_id, name, user_id, position, state, attempt, tries,
                               failures, error, effect, started_at, ended_at)
        SELECT id, :name, user_id, :position, :state, attempt, 1,
               :failures, :error, :effect,
               now() - CAST(:elapsed AS interval),
               CASE WHEN :state = 'failed' THEN now() END
        FROM held
        ON CONFLICT (job_id, name) DO UPDATE SET
            state = excluded.state, failures = excluded.failures,
            tries = job_steps.tries + 1,
            error = excluded.error, attempt = excluded.attempt,
            started_at = excluded.started_at, ended_at = excluded.ended_at
            WHERE job_steps.state <> 'completed'
        RETURNING name
    ), {
    _EVENT.format(
        type="'step'",
        data="jsonb_build_object('state', CAST(:state AS text), 'error',"
        " CAST(:error AS text))",
        when=", stepped",
    )
}
    {_ANSWER}
""")  # noqa: S608 - every part is a constant of this module

_MARK = text(f"""
    WITH {
    _held(
        ", current_step = :name",
        news=_unless_step("s.state IN ('sleeping', 'completed', 'failed')"),
    )
},
    stepped AS (
        INSERT INTO job_steps (job_id, name, user_id, position, state, attempt, effect,
                               started_at, due_at)
        SELECT id, :name, user_id, :position, :state, attempt, :effect, now(),
               now() + CAST(:delay AS interval)
        FROM held
        ON CONFLICT (job_id, name) DO UPDATE SET
            state = excluded.state, attempt = excluded.attempt,
            started_at = excluded.started_at
            WHERE job_steps.state IN ('started', 'held', 'retrying')
        RETURNING name
    ), {
    _EVENT.format(
        type="'step'",
        data="jsonb_build_object('state', CAST(:state AS text))",
        when=", stepped",
    )
}
    {_ANSWER}
""")  # noqa: S608 - every part is a constant of this module

_SLEPT = text(f"""
    WITH {_held(news=_unless_step("(s.state <> 'sleeping' OR s.due_at > now())"))},
    stepped AS (
        UPDATE job_steps SET state = 'completed', ended_at = now(), result = 'null'
        FROM held WHERE job_id = held.id AND name = :name AND state = 'sleeping'
                    AND due_at <= now()
        RETURNING name
    ), {
    _EVENT.format(
        type="'step'",
        data="jsonb_build_object('state', 'completed')",
        when=", stepped",
    )
}
    SELECT cancel_requested_at IS NOT NULL AS cancelling,
           EXISTS (SELECT 1 FROM stepped)
               OR EXISTS ({_STEP} AND s.state = 'completed') AS over,
           (SELECT due_at FROM job_steps s WHERE s.job_id = held.id AND s.name = :name)
               AS due_at
    FROM held
""")  # noqa: S608 - every part is a constant of this module

_LOG = text(f"""
    WITH {_held()}, {_EVENT.format(type=":type", data="CAST(:data AS jsonb)", when="")}
    {_ANSWER}
""")

_RESULT = text("SELECT result FROM job_steps WHERE job_id = :id AND name = :name")
_HOLDS = text("""
    SELECT cancel_requested_at IS NOT NULL AS cancelling FROM jobs
    WHERE id = :id AND state = 'running' AND attempt = :attempt AND claim_id = :claim_id
""")

_SETTLE = text("SELECT FROM jobs WHERE id = :id FOR UPDATE")


@dataclass(frozen=True, slots=True)
class Call:
    """One step of one attempt: its name and place, and the effect it declares."""

    name: str
    position: int
    effect: str | None = None

    @property
    def bound(self) -> dict[str, Any]:
        """Bind it to a statement."""
        return {"name": self.name, "position": self.position, "effect": self.effect}


class Proof(NamedTuple):
    """The attempt still held the job; `cancelling`: somebody asked it to stop."""

    cancelling: bool


class Nap(NamedTuple):
    """How a sleep stands, by the database's clock."""

    cancelling: bool
    over: bool
    due_at: datetime | None


def _proof(db: Connection, statement: Any, values: dict[str, Any]) -> Proof | None:
    row = db.execute(statement, values).one_or_none()
    return None if row is None else Proof(row.cancelling)


def commit(
    db: Connection,
    held: Held,
    call: Call,
    result: Json,
    *,
    elapsed: timedelta,
    progress: int | None = None,
) -> Proof | None:
    """Record a step's result, once; None: the attempt has lost the job."""
    timing = {"elapsed": elapsed, "progress": progress}
    values = {**held.guard, **call.bound, **timing, "result": dump(result)}
    row = _COMMIT.one(db, values)
    return None if row is None else Proof(*row)


def failed_try(
    db: Connection,
    held: Held,
    call: Call,
    error: str,
    *,
    elapsed: timedelta,
    failures: int,
    state: str,
) -> Proof | None:
    """Count a try that raised, as the step's n-th.

    `state`: it is `retrying`, or `failed` for good, or still `started` or `held`,
    for its effect is in doubt.
    """
    seen = {"error": error, "elapsed": elapsed, "state": state, "failures": failures}
    return _proof(db, _FAILED_TRY, {**held.guard, **call.bound, **seen}) or holds(
        db, held
    )


def mark(
    db: Connection,
    held: Held,
    call: Call,
    state: str,
    *,
    delay: timedelta | None = None,
) -> Proof | None:
    """Record that an effect or a sleep begins, before it does."""
    values = {**held.guard, **call.bound, "state": state, "delay": delay}
    return _proof(db, _MARK, values)


def end_sleep(db: Connection, held: Held, call: Call) -> Nap | None:
    """Complete a sleep whose time has come; otherwise say when it does."""
    row = db.execute(_SLEPT, {**held.guard, **call.bound}).one_or_none()
    return None if row is None else Nap(row.cancelling, row.over, row.due_at)


def tell(db: Connection, held: Held, kind: str, name: str, data: Json) -> Proof | None:
    """Write a line for those who watch the job: `kind` is `log` or `progress`."""
    values = {"type": kind, "name": name, "data": dump(data)}
    return _proof(db, _LOG, {**held.guard, **values})


def holds(db: Connection, held: Held) -> Proof | None:
    """Ask whether the attempt still holds the job."""
    return _proof(db, _HOLDS, held.guard)


def settle(db: Connection, held: Held) -> None:
    """Wait until nobody else is writing for the job.

    A statement counts what it sees as it begins: one that is repeated while its
    first try is still being committed would count twice.
    """
    db.execute(_SETTLE, {"id": held.job_id})


def large_result(db: Connection, held: Held, name: str) -> Json:
    """Read a memoised result that was too large to come with the claim."""
    found: Json = db.scalar(_RESULT, {"id": held.job_id, "name": name})
    return found
