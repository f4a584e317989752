"""What the demo says to the API, as a frontend would."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import httpx2

PATIENCE = timedelta(minutes=5)
POLL_EVERY = timedelta(seconds=0.5)
# The server's comment comes every 15 s; a silence longer than two is a dead line.
SILENCE = timedelta(seconds=35)

Document = dict[str, Any]


class RefusedError(Exception):
    """The API answered with a problem."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__(f"{answer.status_code}: {_explanation(answer)}")


class OverdueError(Exception):
    """The job did not end in time."""

    def __init__(self) -> None:
        super().__init__(f"The job has not ended within {PATIENCE}.")


class Client:
    """One user of one running system."""

    def __init__(self, url: str, key: str) -> None:
        authorization = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(
            base_url=url, headers=authorization, trust_env=False, timeout=10
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def post(self, path: str, document: Document) -> Document:
        """Send; raises RefusedError."""
        return _content(self._http.post(path, json=document))

    def get(self, path: str) -> Document:
        """Read; raises RefusedError."""
        return _content(self._http.get(path))

    def follow(self, envelope: Document) -> Iterator[Document]:
        """Yield the job each time something happened to it, until it has ended.

        Events tell when to look; where the stream breaks, looking goes on in
        regular steps.  Raises RefusedError and OverdueError.
        """
        deadline = time.monotonic() + PATIENCE.total_seconds()
        for _ in self._occasions(envelope["eventsUrl"]):
            job = self.get(envelope["statusUrl"])
            yield job
            if job["finished"]:
                return
            if time.monotonic() > deadline:
                raise OverdueError

    def _occasions(self, events_url: str) -> Iterator[None]:
        yield None
        with suppress(httpx2.TransportError):
            yield from self._events(events_url)
        while True:
            yield None
            time.sleep(POLL_EVERY.total_seconds())

    def _events(self, url: str) -> Iterator[None]:
        accept = {"Accept": "text/event-stream"}
        silence = SILENCE.total_seconds()
        with self._http.stream("GET", url, headers=accept, timeout=silence) as answer:
            if answer.status_code != httpx2.codes.OK:
                return
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    yield None


def _content(answer: httpx2.Response) -> Document:
    if answer.is_error:
        raise RefusedError(answer)
    document: Document = answer.json()
    return document


def _explanation(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return answer.text[:200]
    return str(problem.get("detail") or problem.get("title") or problem)
