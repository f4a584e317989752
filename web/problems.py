"""Everything that goes wrong, said in one shape: `application/problem+json`."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

import structlog
from flask import Flask, Response, g, render_template, request
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from models.admission import CrowdedError
from models.idempotency import KeyReusedError

MIMETYPE = "application/problem+json"
RETRY_AFTER = 2
_log = structlog.get_logger("web")

_FIXES = {
    "extra_forbidden": "Leave it out: there is no such field.",
    "missing": "Add it: it is required.",
}


class Fault(NamedTuple):
    """One field that does not fit, and what would."""

    field: str
    message: str
    fix: str


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A request that is refused, with the answer it gets."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        """Compose the answer; `type` and `title` follow from the status."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults
        self.headers = headers or {}


def not_found(what: str) -> Problem:
    """Make the answer for a row that is not there, or not the caller's."""
    return Problem(HTTPStatus.NOT_FOUND, f"There is no such {what}.")


def misfit(field: str, message: str, fix: str) -> Problem:
    """Make the answer for one field that does not fit."""
    fault = Fault(field, message, fix)
    return unprocessable([fault])


def unprocessable(faults: Sequence[Fault]) -> Problem:
    """Make the answer for fields that do not fit."""
    named = ", ".join(dict.fromkeys(fault.field or "body" for fault in faults))
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, f"Does not fit: {named}.", faults=faults
    )


def faults_of(error: ValidationError, *, within: str = "") -> list[Fault]:
    """Name each field that pydantic refused; the values stay out of the answer."""
    found = []
    for one in error.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in one["loc"])
        field = ".".join(part for part in (within, path) if part)
        fix = _FIXES.get(one["type"], "See /openapi.json for what fits.")
        found.append(Fault(field, one["msg"], fix))
    return found


def answer(problem: Problem) -> Response:
    """Write a problem down."""
    body = {
        "type": "urn:nightwork:" + problem.status.phrase.lower().replace(" ", "-"),
        "title": problem.status.phrase,
        "status": problem.status,
        "detail": problem.detail,
        "requestId": g.get("request_id", ""),
        "errors": [fault._asdict() for fault in problem.faults],
    }
    if wants_page():
        page = render_template("problem.html", problem=body)
        return Response(page, problem.status, headers=problem.headers)
    return Response(
        json.dumps(body), problem.status, headers=problem.headers, mimetype=MIMETYPE
    )


def wants_page() -> bool:
    """Tell a person with a browser from a program."""
    pages = ("/monitor", "/login", "/logout", "/rq", "/docs")
    return request.path.startswith(pages) and request.accept_mimetypes.accept_html


def init_app(app: Flask) -> None:
    """Answer every error in that shape."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(KeyReusedError, _key_reused)
    for away in (OperationalError, InterfaceError, PoolTimeoutError, CrowdedError):
        app.register_error_handler(away, _away)
    app.register_error_handler(Exception, _unexpected)


def _http(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    headers = {
        name: value
        for name, value in error.get_headers()
        if name in {"Allow", "Retry-After", "Location"}
    }
    if error.response is not None and status < HTTPStatus.BAD_REQUEST:
        return Response(status=status, headers=headers)  # a redirect
    return answer(Problem(status, error.description or status.phrase, headers=headers))


def _key_reused(_: KeyReusedError) -> Response:
    detail = "This Idempotency-Key was used with another body; draw a new one."
    return answer(Problem(HTTPStatus.CONFLICT, detail))


def _away(error: Exception) -> Response:
    _log.warning("the database is away", error=type(error).__name__)
    return answer(
        Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The database can't be reached just now; nothing was changed. Try again.",
            headers={"Retry-After": str(RETRY_AFTER)},
        )
    )


def _unexpected(error: Exception) -> Response:
    _log.error("unexpected error", exc_info=error)
    detail = "Something went wrong on our side; the request id leads to the cause."
    return answer(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail))
