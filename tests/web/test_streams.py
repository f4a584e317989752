"""Live events over a real server: they arrive, they are capped, they end."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx2
import pytest
from sqlalchemy import Connection

from tests.waiting import until
from tests.web.conftest import Caller
from tests.web.factories import claimed, did_step
from tests.web.serving import Web, serving


@pytest.fixture(scope="module")
def served(app: object, environment: dict[str, str]) -> Iterator[Web]:
    streams = {"WEB_THREADS": "5", "WEB_STREAMS": "3"}
    with serving(**environment, **streams) as web:
        yield web


@contextmanager
def stream_of(web: Web, caller: Caller, job_id: str) -> Iterator[httpx2.Response]:
    headers = {"Authorization": f"Bearer {caller.key}"}
    url = f"{web.url}/api/jobs/{job_id}/events"
    with httpx2.stream("GET", url, headers=headers, timeout=10) as stream:
        yield stream


def test_a_step_reaches_the_watcher_within_a_second(
    served: Web, operator: Caller, db: Connection
) -> None:
    job_id = operator.submit()
    job = claimed(db, job_id)
    with stream_of(served, operator, job_id) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if '"claimed"' in line)

        began = time.monotonic()
        did_step(db, job, "step 1")
        next(line for line in lines if '"step 1"' in line)

    assert time.monotonic() - began < 1


def test_streams_over_the_cap_are_sent_away_and_starve_nobody(
    served: Web, operator: Caller
) -> None:
    job_id = operator.submit()

    def three_of_six_get_in() -> bool:
        with ExitStack() as held:
            opened = [stream_of(served, operator, job_id) for _ in range(6)]
            streams = [held.enter_context(stream) for stream in opened]
            refused = [stream for stream in streams if stream.status_code == 503]
            assert len(refused) >= 3
            assert all(int(one.headers["Retry-After"]) > 0 for one in refused)
            headers = {"Authorization": f"Bearer {operator.key}"}
            answer = httpx2.get(f"{served.url}/api/jobs", headers=headers, timeout=2)
            assert answer.status_code == 200
            return len(refused) == 3

    # Watchers of the test before may hold their places for a moment.
    until(three_of_six_get_in)


def test_a_watcher_who_leaves_frees_the_place(served: Web, operator: Caller) -> None:
    job_id = operator.submit()

    def gets_in() -> bool:
        with stream_of(served, operator, job_id) as stream:
            return stream.status_code == 200

    for _ in range(4):
        until(gets_in, seconds=5)


def test_web_ends_within_seconds_though_somebody_watches(
    app: object, environment: dict[str, str], operator: Caller
) -> None:
    with serving(**environment) as web, stream_of(web, operator, operator.submit()):
        began = time.monotonic()
        web.process.terminate()

        assert web.process.wait(10) == 0
        assert time.monotonic() - began < 6
