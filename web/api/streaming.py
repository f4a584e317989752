"""A job's events as server-sent events: what is known, then what comes in."""

import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel

from models import event_log, job_views
from models.database import as_operator, web_engine
from models.event_log import Event
from models.job_views import Shown
from models.states import FINAL, State
from web.api.event_answers import StateTold, end_of, told
from web.api.job_answers import view
from web.watch import Watcher, watch

COMMENT_EVERY = timedelta(seconds=15)
# Then the client comes back and goes on: places change hands.
LONGEST = timedelta(minutes=10)
_LOOK_UP = timedelta(seconds=1)


def lines(shown: Shown, seen: int, left: Callable[[], bool]) -> Iterator[str]:
    """Write a job's events from after a number to its end, as they come.

    `left` tells whether the client has gone.
    """
    job = shown.job
    yield "retry: 2000\n\n"
    with as_operator(web_engine()) as db:
        whole = seen <= job.event_seq and event_log.follows(db, job.id, seen)
    if not whole:
        seen = job.event_seq
        yield _line("reset", view(shown), seen)
        if State(job.state) in FINAL:
            yield _line("end", end_of(view(shown), seen), seen)
            return
    with watch().following(job.id, seen) as watcher:
        yield from _live(watcher, left)


def _live(watcher: Watcher, left: Callable[[], bool]) -> Iterator[str]:
    """Send what comes in; comments keep what stands in between from hanging up."""
    until = time.monotonic() + LONGEST.total_seconds()
    spoken = time.monotonic()
    while time.monotonic() < until and not (watch().closing() or left()):
        event = watcher.next(_LOOK_UP)
        if event is not None:
            ended = yield from _event(watcher.job_id, event)
            if ended:
                return
            spoken = time.monotonic()
        elif time.monotonic() - spoken >= COMMENT_EVERY.total_seconds():
            yield ": still here\n\n"
            spoken = time.monotonic()


def _event(job_id: UUID, event: Event) -> Generator[str, None, bool]:
    """Send one event; the generator's value: whether it was the last."""
    said = told(event)
    if not (isinstance(said, StateTold) and said.finished):
        yield _line(event.type, said, event.seq)
        return False
    with as_operator(web_engine()) as db:
        shown = job_views.show(db, job_id)
    if shown is None or shown.job.event_seq > event.seq:
        # It was retried since: this end was none.
        yield _line(event.type, said, event.seq)
        return False
    # Without an id, so that a client cut off between the two gets both again.
    yield _line(event.type, said)
    yield _line("end", end_of(view(shown), event.seq), event.seq)
    return True


def _line(name: str, data: BaseModel, seq: int | None = None) -> str:
    number = "" if seq is None else f"id: {seq}\n"
    return f"{number}event: {name}\ndata: {data.model_dump_json(by_alias=True)}\n\n"
