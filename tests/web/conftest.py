"""The application over real servers, and callers who hold keys."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from models import keys
from tests.conftest import forget_caches
from web import create_app
from web.estimates import durations
from web.watch import watch

ORIGIN = "https://app.example"
JWT_SECRET = "the secret of the app's own backend"


@pytest.fixture(scope="module")
def app(environment: dict[str, str]) -> Iterator[Flask]:
    told = {
        "JWT_SECRET": JWT_SECRET,
        "CORS_ORIGINS": ORIGIN,
        "RATE_LIMIT": "100000 per minute",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        environment |= told
        forget_caches()
        watch.cache_clear()
        yield create_app()


@dataclass(frozen=True)
class Caller:
    """A user with a key, and the calls they make with it."""

    client: FlaskClient
    user_id: UUID
    key: str

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(path, headers=self.headers(more), **more)

    def post(self, path: str, **more: Any) -> TestResponse:
        return self.client.post(path, headers=self.headers(more), **more)

    def headers(self, more: dict[str, Any]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}

    def submit(self, payload: dict[str, Any] | None = None, **more: Any) -> str:
        wish = {"kind": "probe", "payload": payload or {}, **more}
        answer = self.post("/api/jobs", json=wish)
        assert answer.status_code == 202, answer.text
        return str(answer.json["jobId"])


@pytest.fixture
def a_caller(app: Flask, emptied: Engine) -> Callable[[str], Caller]:
    """Makes users with a key of a scope."""
    durations.cache_clear()

    def make(scope: str) -> Caller:
        with emptied.connect() as db:
            user_id = keys.create_user(db, f"a {scope}")
            key = keys.create_key(db, user_id, scope)
        return Caller(app.test_client(), user_id, key)

    return make


@pytest.fixture
def caller(a_caller: Callable[[str], Caller]) -> Caller:
    return a_caller("user")


@pytest.fixture
def operator(a_caller: Callable[[str], Caller]) -> Caller:
    return a_caller("operator")
