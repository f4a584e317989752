"""What an endpoint takes and answers, said once: to check it and to describe it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from pydantic import BaseModel, ValidationError

from models.idempotency import Key
from models.keys import Scope
from web import bodies
from web.callers import caller, demand
from web.problems import faults_of, misfit, unprocessable

Body = type[BaseModel]
View = Callable[..., Response]
T = TypeVar("T", bound=BaseModel)

KEY_HEADER = "Idempotency-Key"
KEY_PATTERN = r"[!-~]([ -~]{0,198}[!-~])?"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One endpoint's contract; `scope` None: open to everyone.

    `answers` maps a status to the model of its JSON body, a media type, or "".
    """

    tag: str
    scope: Scope | None = Scope.USER
    query: Body | None = None
    body: Body | None = None
    keyed: bool = False
    # Has a way in of its own, besides the header: a signed link.
    by_link: bool = False
    # Answers with server-sent events, or JSON if that is asked for.
    streams: bool = False
    answers: Mapping[int, Body | str]
    refuses: tuple[int, ...] = ()


def operation(told: Operation) -> Callable[[View], View]:
    """Check query and body before the endpoint runs; it gets them by those names."""

    def declare(view: View) -> View:
        @wraps(view)
        def checked(**path: object) -> Response:
            if told.scope is not None and not told.by_link:
                demand(told.scope)
            return view(**path, **_taken(told))

        checked.operation = told  # type: ignore[attr-defined]
        return checked

    return declare


def operations(app: Flask) -> Mapping[str, Operation]:
    """Find every declared operation, by endpoint."""
    found = {
        endpoint: getattr(view, "operation", None)
        for endpoint, view in app.view_functions.items()
    }
    return {endpoint: told for endpoint, told in found.items() if told is not None}


def idempotency_key() -> Key | None:
    """Read the client's key for this request; raises Problem 422."""
    sent = request.headers.get(KEY_HEADER)
    if sent is None:
        return None
    if not re.fullmatch(KEY_PATTERN, sent):
        raise misfit(KEY_HEADER, "The key does not fit.", "1 to 200 ASCII characters.")
    endpoint = f"{request.method} {request.path}"
    body_hash = bodies.fingerprint(bodies.read())
    return Key(caller().user_id, endpoint, sent, body_hash)


def reply(model: BaseModel, status: int = 200, **headers: str) -> Response:
    """Write a model as JSON in camelCase."""
    text = model.model_dump_json(by_alias=True)
    return current_app.response_class(
        text, status, headers=headers, mimetype="application/json"
    )


def _taken(told: Operation) -> dict[str, BaseModel]:
    taken: dict[str, BaseModel] = {}
    if told.query is not None:
        taken["query"] = checked_as(told.query, request.args.to_dict())
    if told.body is not None:
        taken["body"] = checked_as(told.body, bodies.read())
    return taken


def checked_as(model: type[T], values: Mapping[str, Any]) -> T:
    """Check values from outside; raises Problem 422 that names each misfit."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise unprocessable(faults_of(error)) from None
