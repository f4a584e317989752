"""Workers and jobs in every state, made by the moves that make them in life."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, text
from uuid_utils.compat import uuid7

from models import dead_letters, leases, transitions
from models.dead_letters import DeadLetter
from models.jobs import Claimed, Held, Submission
from models.leases import Process
from models.states import Reason, State

HOUR = timedelta(hours=1)
NOBODY = UUID(int=0)
DETAIL = {"type": "ProbeError", "step": None, "retryable": False}


def a_worker(
    db: Connection,
    *,
    role: str = "threads",
    queues: tuple[str, ...] = ("probe",),
    slots: int = 5,
) -> UUID:
    """A worker process that has just begun its lease."""
    worker = Process(uuid7(), "worker", "host", 1, role, list(queues), slots)
    leases.register(db, worker)
    return worker.id


def wish(user: UUID = NOBODY, **wanted: Any) -> Submission:
    """A wish for a job; any field may be named."""
    wanted = {"kind": "probe", "queue": "probe", "payload": {"steps": 1}, **wanted}
    return Submission(user_id=user, **wanted)


def a_job(db: Connection, user: UUID = NOBODY, **wanted: Any) -> UUID:
    """A job that waits for a worker."""
    submitted = transitions.submit(db, wish(user, **wanted))
    assert submitted is not None
    return submitted


def claimed(db: Connection, job_id: UUID, worker: UUID | None = None) -> Claimed:
    """The next attempt at a job, on a worker of its own unless one is named."""
    claim = transitions.claim(db, job_id, worker_id=worker or a_worker(db))
    assert claim is not None
    return claim


def running(db: Connection, user: UUID = NOBODY, **wanted: Any) -> Claimed:
    """A job under its first attempt."""
    return claimed(db, a_job(db, user, **wanted))


def no_fence(job_id: UUID) -> Held:
    """What a worker that never held the job would hold up."""
    return Held(job_id, 0, uuid4())


def _waiting(db: Connection, claim: Claimed) -> None:
    assert transitions.suspend(db, claim.held, Reason.SLEEP, delay=HOUR)


def _completed(db: Connection, claim: Claimed) -> None:
    assert transitions.complete(db, claim.held, {"pages": 3})


def _failed(db: Connection, claim: Claimed) -> None:
    assert fail(db, claim.held) is not None


def _cancelled(db: Connection, claim: Claimed) -> None:
    assert transitions.cancel(db, claim.held.job_id)
    assert transitions.stop(db, claim.held)


_LEAVE_RUNNING: dict[State, Callable[[Connection, Claimed], None]] = {
    State.WAITING: _waiting,
    State.COMPLETED: _completed,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}


def in_state(db: Connection, state: State, **wanted: Any) -> Held:
    """A job in a state, and what the attempt that was last on it holds up."""
    job_id = a_job(db, **wanted)
    if state is State.PENDING:
        return no_fence(job_id)
    claim = claimed(db, job_id)
    if state is not State.RUNNING:
        _LEAVE_RUNNING[state](db, claim)
    return claim.held


def fail(db: Connection, held: Held, *, counted: int = 1) -> Row[Any] | None:
    """End a job the way an error that nobody retries ends it."""
    return transitions.fail(
        db, held, Reason.ERROR, "It broke.", DETAIL, counted=counted
    )


def a_letter(db: Connection, held: Held) -> UUID:
    """A dead letter of a job that failed."""
    letter = DeadLetter(
        job_id=held.job_id,
        user_id=NOBODY,
        job_type="probe",
        event_data={"steps": 1},
        error_message="It broke.",
        error_stack=None,
        failed_step="step 1",
        fingerprint="f00d",
        retry_count=2,
    )
    return dead_letters.record(db, letter)


def letters(owner: Engine) -> list[Row[Any]]:
    """All dead letters, the oldest first."""
    with owner.connect() as db:
        return list(db.execute(text("SELECT * FROM failed_jobs ORDER BY id")))


def row(owner: Engine, job_id: UUID) -> Row[Any]:
    """All of a job's row."""
    with owner.connect() as db:
        return db.execute(
            text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id}
        ).one()


def state(owner: Engine, job_id: UUID) -> State:
    """Where a job is."""
    return State(row(owner, job_id).state)


def events(owner: Engine, job_id: UUID) -> list[Row[Any]]:
    """A job's events in their order."""
    statement = text("SELECT * FROM job_events WHERE job_id = :id ORDER BY seq")
    with owner.connect() as db:
        return list(db.execute(statement, {"id": job_id}))


def steps_of(owner: Engine, job_id: UUID) -> dict[str, Row[Any]]:
    """What is recorded of a job's steps."""
    statement = text("SELECT * FROM job_steps WHERE job_id = :id")
    with owner.connect() as db:
        return {step.name: step for step in db.execute(statement, {"id": job_id})}


def alter(owner: Engine, table: str, sets: str, **values: Any) -> None:
    """Change rows behind the service's back; `id` among the values chooses one."""
    where = " WHERE id = :id" if "id" in values else ""
    with owner.connect() as db:
        db.execute(text(f"UPDATE {table} SET {sets}{where}"), values)  # noqa: S608 - tests


def bury(owner: Engine, worker: UUID | None) -> None:
    """Declare a worker dead."""
    alter(owner, "workers", "dead_at = now()", id=worker)
