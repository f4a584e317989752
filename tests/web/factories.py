"""What workers would have done to a job."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from models import dead_letters, leases, steps, transitions
from models.dead_letters import DeadLetter
from models.jobs import Claimed
from models.leases import Process
from models.states import Reason
from models.steps import Call
from tests.web.conftest import Caller


def worker(db: Connection, *queues: str) -> UUID:
    """Register a worker that serves queues."""
    process = Process(uuid4(), "w", "here", 1, "threads", list(queues or ["probe"]), 5)
    leases.register(db, process)
    return process.id


def claimed(db: Connection, job_id: str) -> Claimed:
    """Let a worker begin a job."""
    job = transitions.claim(db, UUID(job_id), worker_id=worker(db))
    assert job is not None
    return job


def completed(db: Connection, job_id: str, result: object = None) -> None:
    """Let a worker finish a job."""
    assert transitions.complete(db, claimed(db, job_id).held, result)  # type: ignore[arg-type]


def failed(db: Connection, caller: Caller, job_id: str, error: str = "boom") -> UUID:
    """Let a job fail for good; gives its dead letter."""
    held = claimed(db, job_id).held
    detail = {"type": "ValueError", "step": "step 1", "retryable": False}
    assert transitions.fail(db, held, Reason.ERROR, error, detail, counted=1)
    return dead_letters.record(
        db,
        DeadLetter(
            job_id=UUID(job_id),
            user_id=caller.user_id,
            job_type="probe",
            event_data={"steps": 1},
            error_message=error,
            error_stack=f"Traceback\nValueError: {error}",
            failed_step="step 1",
            fingerprint="f" * 16,
            retry_count=0,
        ),
    )


def did_step(db: Connection, job: Claimed, name: str, position: int = 1) -> None:
    """Let a worker record a step."""
    call = Call(name, position)
    took = timedelta(milliseconds=20)
    assert steps.commit(db, job.held, call, {"done": name}, elapsed=took)
