"""The whole state machine in one table of arrows; the diagram is docs/lifecycle.md."""

from enum import Enum, StrEnum


class State(StrEnum):
    """Where a job is."""

    PENDING = "pending"  # due, or due at `due_at`; no worker has it
    RUNNING = "running"  # one worker has it, under one attempt and claim
    WAITING = "waiting"  # for the thing named by `reason`; holds no worker
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why a job waits, or how it failed."""

    BACKOFF = "backoff"  # waiting: tried again at `due_at`
    SLEEP = "sleep"  # waiting: the job asked to go on at `due_at`
    HOLD = "hold"  # waiting: a step's effect is in doubt, an operator decides
    ERROR = "error"  # failed: it raised, or its retries are used up
    EXPIRED = "expired"  # failed: not started within its time to live
    TIMEOUT = "timeout"  # failed: it took longer than its kind's time limit
    QUARANTINED = "quarantined"  # failed: it ended its own process three times


class Priority(StrEnum):
    """Which of a queue's jobs go first."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """As stored: the smaller goes first."""
        return list(Priority).index(self)


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})
ACTIVE = frozenset(State) - FINAL


class Arrow(Enum):
    """What happened to a job: the event's name, the states it leaves, the next one."""

    SUBMITTED = "submitted", frozenset[State](), State.PENDING
    CLAIMED = "claimed", frozenset({State.PENDING}), State.RUNNING
    COMPLETED = "completed", frozenset({State.RUNNING}), State.COMPLETED
    SUSPENDED = "suspended", frozenset({State.RUNNING}), State.WAITING
    RESUMED = "resumed", frozenset({State.WAITING}), State.PENDING
    HANDED_OVER = "handed over", frozenset({State.RUNNING}), State.PENDING
    RESCUED = "rescued", frozenset({State.RUNNING}), State.PENDING
    FAILED = "failed", frozenset({State.RUNNING}), State.FAILED
    EXPIRED = "expired", frozenset({State.PENDING, State.WAITING}), State.FAILED
    CANCELLED = "cancelled", frozenset({State.PENDING, State.WAITING}), State.CANCELLED
    STOPPED = "stopped", frozenset({State.RUNNING}), State.CANCELLED
    RETRIED = "retried", frozenset({State.FAILED}), State.PENDING

    @property
    def event(self) -> str:
        """The name its row in `job_events` carries."""
        return self.value[0]

    @property
    def sources(self) -> frozenset[State]:
        """The states a job may be in for this to happen."""
        return self.value[1]

    @property
    def target(self) -> State:
        """The state it is in afterwards."""
        return self.value[2]
