"""Tokens signed with keys that the app's backend publishes (JWKS)."""

import hmac
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from jwt.utils import base64url_encode
from sqlalchemy import Engine

from tests.conftest import forget_caches
from web import create_app

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Published(BaseHTTPRequestHandler):
    """Answers with the public key."""

    def do_GET(self) -> None:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        body = json.dumps({"keys": [public | {"kid": "k1", "use": "sig"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def keys_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Published) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()


@pytest.fixture
def client(
    app: Flask, emptied: Engine, keys_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    monkeypatch.setenv("JWT_JWKS_URL", keys_url)
    monkeypatch.setenv("JWT_AUDIENCE", "nightwork")
    forget_caches()
    yield create_app().test_client()
    monkeypatch.undo()
    forget_caches()


def ask(client: FlaskClient, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return client.get("/api/jobs", headers=headers).status_code


def signed(key: rsa.RSAPrivateKey, kid: str = "k1", audience: str = "nightwork") -> str:
    claims = {"sub": "ada", "aud": audience}
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})


def test_a_token_of_a_published_key_is_taken(client: FlaskClient) -> None:
    assert ask(client, signed(KEY)) == 200


def test_any_other_key_kid_or_audience_is_refused(client: FlaskClient) -> None:
    forged = [
        signed(OTHER),
        signed(KEY, kid="k2"),
        signed(KEY, audience="another service"),
    ]

    assert [ask(client, token) for token in forged] == [401] * 3


def test_the_public_key_is_no_shared_secret(client: FlaskClient) -> None:
    # By hand: PyJWT itself refuses to sign so.
    public = KEY.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    head, claims = (
        base64url_encode(json.dumps(part).encode())
        for part in (
            {"alg": "HS256", "typ": "JWT", "kid": "k1"},
            {"sub": "ada", "aud": "nightwork"},
        )
    )
    signature = hmac.digest(public, head + b"." + claims, "sha256")
    forged = b".".join([head, claims, base64url_encode(signature)]).decode()

    assert ask(client, forged) == 401


def test_keys_that_are_away_are_no_reason_to_sign_in_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_JWKS_URL", "http://127.0.0.1:9/keys")
    forget_caches()

    assert ask(client, signed(KEY)) == 503
