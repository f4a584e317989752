"""A client of the API that costs this machine as little as it can."""

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from uuid import UUID

PATIENCE_SECONDS = 10


class RefusedError(Exception):
    """The API did not accept a job."""


class Caller:
    """One connection, kept open."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._connection = HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def is_answered(self) -> bool:
        """Tell whether web answers yet."""
        try:
            self._connection.request("GET", "/healthz")
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self._connection.close()
            return False
        return answer.status == HTTPStatus.OK

    def submit(self, **payload: Any) -> UUID:
        """Start a probe with one POST; raises RefusedError."""
        body = json.dumps({"kind": "probe", "payload": payload})
        self._connection.request("POST", "/api/jobs", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != HTTPStatus.ACCEPTED:
            raise RefusedError(f"{answer.status}: {content.decode()}")
        return UUID(json.loads(content)["jobId"])
