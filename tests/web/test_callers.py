"""Who may ask: API keys, tokens of the app's own backend, scopes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from models import keys
from tests.web.conftest import JWT_SECRET, Caller


@pytest.fixture
def client(app: Flask, emptied: Engine) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get("/api/jobs", headers=headers).status_code


def token(secret: str = JWT_SECRET, algorithm: str = "HS256", **claims: object) -> str:
    return jwt.encode({"sub": "ada", **claims}, secret, algorithm=algorithm)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer nw_wrong", "Basic YTpi", "Bearer \u00e4"]
)
@pytest.mark.parametrize("path", ["/api/jobs", "/api/failed-jobs", "/metrics"])
def test_nobody_gets_in_without_a_valid_key(
    client: FlaskClient, header: str | None, path: str
) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = client.get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_is_out_at_once(caller: Caller, emptied: Engine) -> None:
    assert caller.get("/api/jobs").status_code == 200

    with emptied.connect() as db:
        keys.revoke(db, caller.key)

    assert caller.get("/api/jobs").status_code == 401


def test_a_key_is_kept_only_as_its_hash(caller: Caller, emptied: Engine) -> None:
    with emptied.connect() as db:
        kept = db.execute(text("SELECT prefix, encode(key_hash, 'hex') FROM api_keys"))
        [(prefix, key_hash)] = kept

    assert caller.key not in key_hash
    assert len(prefix) < len(caller.key) / 2


def test_web_itself_can_not_read_keys(web: Engine) -> None:
    with pytest.raises(Exception, match="permission denied"), web.connect() as db:
        db.execute(text("SELECT key_hash FROM api_keys"))


def test_a_token_of_an_unknown_subject_makes_a_user_once(
    client: FlaskClient, emptied: Engine
) -> None:
    assert [ask(client, token()), ask(client, token())] == [200, 200]

    with emptied.connect() as db:
        assert db.scalars(text("SELECT subject FROM users")).all() == ["ada"]


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": "x" * 201},
        {"sub": "a\x00b"},
        {"sub": 7},
        {"role": "king"},
        {"exp": datetime.now(UTC) - timedelta(minutes=1)},
        {"nbf": datetime.now(UTC) + timedelta(hours=2)},
    ],
)
def test_a_token_that_is_not_right_is_refused(
    client: FlaskClient, claims: dict[str, object]
) -> None:
    claims.setdefault("sub", "ada")
    signed = jwt.api_jws.encode(
        jwt.utils.force_bytes(_json(claims)), JWT_SECRET, algorithm="HS256"
    )

    assert ask(client, signed) == 401


def _json(claims: dict[str, object]) -> str:
    plain = {
        name: int(value.timestamp()) if isinstance(value, datetime) else value
        for name, value in claims.items()
    }
    return json.dumps(plain)


@pytest.mark.parametrize(
    "forged",
    [
        token(secret="another secret of thirty-two bytes"),
        token(secret="", algorithm="none"),
        token() + "x",
        "a.b.c",
    ],
)
def test_a_forged_token_is_refused(client: FlaskClient, forged: str) -> None:
    assert ask(client, forged) == 401


def test_a_tokens_role_is_its_scope(client: FlaskClient) -> None:
    headers = [
        {"Authorization": f"Bearer {token(role=role)}"} for role in ("user", "operator")
    ]

    answers = [client.get("/api/failed-jobs", headers=each) for each in headers]

    assert [answer.status_code for answer in answers] == [403, 200]


@pytest.mark.parametrize("scope", ["operator", "admin"])
def test_scopes_include_the_ones_below(
    a_caller: Callable[[str], Caller], scope: str
) -> None:
    assert a_caller(scope).get("/api/failed-jobs").status_code == 200


def test_dead_letters_are_refused_to_users(caller: Caller) -> None:
    unknown = UUID(int=1)

    answers = [
        caller.get("/api/failed-jobs"),
        caller.get(f"/api/failed-jobs/{unknown}"),
        caller.post(f"/api/failed-jobs/{unknown}/replay"),
        caller.post(f"/api/failed-jobs/{unknown}/resolve"),
        caller.get("/metrics"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
