"""The rate limit per key, on an in-process Redis."""

import fakeredis
import pytest
from flask import Flask, g, request
from redis import ConnectionPool

from models.settings import settings
from web import limits


class _Key:
    def __init__(self, label: str) -> None:
        self.label = label


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setenv("RATE_LIMIT", "2 per minute")
    settings.cache_clear()
    pool = ConnectionPool(
        connection_class=fakeredis.FakeRedisConnection, server=fakeredis.FakeServer()
    )
    monkeypatch.setitem(limits._OPTIONS, "connection_pool", pool)
    app = Flask(__name__)

    @app.before_request
    def know_the_key() -> None:
        g.request_id = "r"
        g.caller = _Key(request.headers["X-Key"])

    limits.init_app(app)
    app.add_url_rule("/api/x", view_func=lambda: "ok")
    yield app.test_client()
    settings.cache_clear()


def ask(client, key):
    return client.get("/api/x", headers={"X-Key": key})


def test_a_key_that_asks_too_often_is_told_when_to_come_back(client, caplog):
    assert [ask(client, "ada").status_code for _ in range(3)] == [200, 200, 429]

    refused = ask(client, "ada")

    # A window of 60 s, rounded up to whole seconds.
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.content_type == "application/problem+json"
    # Counted in Redis, not in the fallback.
    assert "unreachable" not in caplog.text


def test_one_keys_haste_costs_another_nothing(client):
    for _ in range(4):
        ask(client, "ada")

    assert ask(client, "eve").status_code == 200
