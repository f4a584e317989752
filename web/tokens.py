"""Tokens that the app's own backend mints for its users (JWT)."""

from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import jwt
import structlog

from models.keys import Scope
from models.settings import settings
from web.problems import RETRY_AFTER, Problem

_LONGEST_SUBJECT = 200
_SIGNED_BY_KEYS = ["RS256", "ES256", "EdDSA"]
_log = structlog.get_logger("web")


class Claims(NamedTuple):
    """Who a valid token speaks of."""

    subject: str
    scope: Scope


def read(token: str) -> Claims | None:
    """Check a token's signature, times and audience; None: it is not valid.

    Raises Problem 503 when the published keys can't be fetched.
    """
    try:
        claims = _verified(token)
        scope = Scope[str(claims.get("role", "user")).upper()]
    except (jwt.InvalidTokenError, KeyError):
        return None
    subject = claims["sub"]
    fits = 0 < len(subject) <= _LONGEST_SUBJECT and subject.isprintable()
    return Claims(subject, scope) if fits else None


def _verified(token: str) -> dict[str, Any]:
    secret, audience = settings().jwt_secret, settings().jwt_audience
    by_secret = jwt.get_unverified_header(token).get("alg") == "HS256"
    if by_secret and not secret:
        raise jwt.InvalidTokenError
    claims: dict[str, Any] = jwt.decode(
        token,
        secret if by_secret else _published_key(token),
        # Each key with its own algorithms: a public key is no shared secret.
        algorithms=["HS256"] if by_secret else _SIGNED_BY_KEYS,
        audience=audience or None,
        leeway=5,
        options={"require": ["sub"], "verify_aud": bool(audience)},
    )
    return claims


def _published_key(token: str) -> jwt.PyJWK:
    if not settings().jwt_jwks_url:
        raise jwt.InvalidTokenError
    try:
        return _published(settings().jwt_jwks_url).get_signing_key_from_jwt(token)
    except jwt.PyJWKClientConnectionError as error:
        _log.warning("the tokens' keys are away", error=str(error))
        detail = "The keys that tokens are signed with can't be fetched just now."
        soon = {"Retry-After": str(RETRY_AFTER)}
        away = HTTPStatus.SERVICE_UNAVAILABLE
        raise Problem(away, detail, headers=soon) from error
    except jwt.PyJWKClientError as error:
        _log.warning("no key for a token", error=str(error))
        raise jwt.InvalidTokenError from error


@cache
def _published(url: str) -> jwt.PyJWKClient:
    return jwt.PyJWKClient(url, timeout=3)
