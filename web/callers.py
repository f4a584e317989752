"""Who asks: an API key, a token of the app's own backend, or an operator's login."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from flask import g, request, session
from sqlalchemy import Connection, Engine

from models import keys
from models.database import as_operator, as_user, web_engine
from models.keys import Scope
from web import tokens
from web.problems import Problem

SESSION_KEY = "key"


@dataclass(frozen=True)
class Caller:
    """A user and what this request may do; `label` tells keys apart in rate limits."""

    user_id: UUID
    scope: Scope
    label: str

    @property
    def sees_all(self) -> bool:
        """Whether every user's rows are in sight."""
        return self.scope >= Scope.OPERATOR


def identify() -> None:
    """Find out who asks, if anybody; refusing is left to `demand`."""
    g.caller = _bearer() if request.authorization else _logged_in()


def caller() -> Caller:
    """Give who asks; raises Problem 401."""
    found: Caller | None = g.get("caller")
    if found is None:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "Send `Authorization: Bearer` with an API key or a token that is valid.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return found


def demand(scope: Scope) -> None:
    """Refuse who is not signed in (401) or may not do this (403)."""
    if caller().scope < scope:
        raise Problem(HTTPStatus.FORBIDDEN, f"This takes the scope {scope.word!r}.")


@contextmanager
def seen() -> Iterator[Connection]:
    """Open the request's one transaction with the rows that its caller may see."""
    asks = caller()
    with as_operator(web_engine()) if asks.sees_all else own() as db:
        yield db


@contextmanager
def own() -> Iterator[Connection]:
    """Open the request's one transaction with the caller's own rows."""
    with as_user(web_engine(), caller().user_id) as db:
        yield db


def _doorstep() -> Engine:
    # One statement, no role to put on: its own transaction.
    return web_engine().execution_options(isolation_level="AUTOCOMMIT")


def holding(key_hash: bytes) -> Caller | None:
    """Find the caller whose key has this hash."""
    with _doorstep().connect() as db:
        holder = keys.holder(db, key_hash)
    return holder and Caller(holder.user_id, holder.scope, key_hash.hex()[:32])


def _bearer() -> Caller | None:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        return None
    if sent.token.startswith(keys.PREFIX):
        return holding(keys.digest(sent.token))
    claims = tokens.read(sent.token)
    return claims and _user_of(claims)


def _user_of(claims: tokens.Claims) -> Caller:
    with _doorstep().connect() as db:
        user_id = keys.user_of(db, claims.subject)
    return Caller(user_id, claims.scope, str(user_id))


def _logged_in() -> Caller | None:
    """Only pages take the cookie, so that no other site can use the API with it."""
    if request.path.startswith("/api/") or SESSION_KEY not in session:
        return None
    return holding(bytes.fromhex(session[SESSION_KEY]))
