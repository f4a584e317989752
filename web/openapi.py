"""`/openapi.json`: the API described from the same declarations that check requests."""

import inspect
import re
from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from jobs.kit.kinds import Access, catalogue
from web.api.event_answers import EndTold, LogTold, ProgressTold, StateTold, StepTold
from web.api.job_answers import JobView
from web.api.jobs import JobRequest
from web.contract import KEY_HEADER, KEY_PATTERN, Operation, operations
from web.problem_answers import ProblemAnswer
from web.problems import MIMETYPE

_REF = "#/components/schemas/{model}"
_EVENTS: dict[str, type[BaseModel]] = {
    "state": StateTold,
    "step": StepTold,
    "progress": ProgressTold,
    "log": LogTold,
    "end": EndTold,
    "reset": JobView,
}
# Every operation may be answered with these.
_ALWAYS = (503,)
_INTRODUCTION = """A service for long-running jobs.

Errors are `application/problem+json`. Lists are newest first, with `nextCursor`.
Every answer carries `X-Request-Id`. A call that starts a job answers 202 with its
envelope, or 200 with the earlier one for a repeat."""

pages = Blueprint("openapi", __name__)


@pages.get("/openapi.json")
def description() -> Response:
    """Give the description of the API (OpenAPI 3.1)."""
    return jsonify(described(current_app._get_current_object()))  # type: ignore[attr-defined]  # noqa: SLF001 - a cache key


@pages.get("/docs")
def documentation() -> str:
    """Show the description to people."""
    told = described(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001 - a cache key
    return render_template("docs.html", api=told)


@cache
def described(app: Flask) -> dict[str, Any]:
    """Describe every declared operation of the app."""
    found = operations(app)
    schemas = _schemas(found.values())
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint in found:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            method = next(iter(sorted({"GET", "POST"} & (rule.methods or set()))))
            view = app.view_functions[rule.endpoint]
            told = _operation(rule, found[rule.endpoint], inspect.getdoc(view) or "")
            paths.setdefault(path, {})[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nightwork",
            "version": _version(),
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or a JWT of the app's own backend.",
                }
            },
        },
    }


def _operation(rule: Rule, told: Operation, text: str) -> dict[str, Any]:
    summary, _, more = text.partition("\n")
    described: dict[str, Any] = {
        "operationId": rule.endpoint.replace(".", "_"),
        "tags": [told.tag],
        "summary": summary,
        "description": more.strip() or summary,
        "parameters": [*_parameters(rule, told)],
        "responses": dict(_responses(told)),
    }
    if told.scope is not None:
        open_too: list[dict[str, list[str]]] = [{}] if told.by_link else []
        described["security"] = [{"bearer": []}, *open_too]
    if told.body is not None:
        required = any(field.is_required() for field in told.body.model_fields.values())
        content = {"application/json": {"schema": _ref(told.body)}}
        described["requestBody"] = {"required": required, "content": content}
    return described


def _parameters(rule: Rule, told: Operation) -> Iterator[dict[str, Any]]:
    for name in sorted(rule.arguments):
        schema = {"type": "string", "format": "uuid"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if told.query is not None:
        flat = told.query.model_json_schema(ref_template=_REF)
        for name, schema in flat["properties"].items():
            yield {"name": name, "in": "query", "schema": _given(schema)}
    if told.keyed:
        schema = {"type": "string", "pattern": f"^{KEY_PATTERN}$"}
        yield {"name": KEY_HEADER, "in": "header", "schema": schema}


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe a query's value: one that is left out is not sent as null."""
    left_out = {"title", "anyOf"}
    kept = {key: value for key, value in schema.items() if key not in left_out}
    for option in schema.get("anyOf", []):
        if option != {"type": "null"}:
            kept |= option
    if kept.get("default", ...) is None:
        del kept["default"]
    return kept


def _responses(told: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, model in told.answers.items():
        yield str(status), _response(status, model, streams=told.streams)
    refused = {*told.refuses, *_ALWAYS}
    if told.scope is not None:
        refused |= {401, 429}
    if told.scope is not None and told.scope > 1:
        refused.add(403)
    if told.body is not None or told.keyed:
        refused |= {400, 413, 422}
    if told.query is not None:
        refused.add(422)
    content = {MIMETYPE: {"schema": _ref(ProblemAnswer)}}
    for status in sorted(refused - set(told.answers)):
        phrase = HTTPStatus(status).phrase
        yield str(status), {"description": phrase, "content": content}


def _response(
    status: int, model: type[BaseModel] | str, *, streams: bool
) -> dict[str, Any]:
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if isinstance(model, str):
        if model:
            described["content"] = {model: {"schema": {"type": "string"}}}
        return described
    described["description"] = inspect.getdoc(model)
    described["content"] = {"application/json": {"schema": _ref(model)}}
    if status in {200, 202} and "status_url" in model.model_fields:
        location = {"schema": {"type": "string"}, "description": "The job."}
        described["headers"] = {"Location": location}
    if streams and status == HTTPStatus.OK:
        described["content"]["text/event-stream"] = {"schema": _stream()}
    return described


def _stream() -> dict[str, Any]:
    """Describe the stream: what stands in `data:` by the event's name."""
    by_name = {name: _ref(model) for name, model in _EVENTS.items()}
    return {
        "type": "string",
        "description": "Server-sent events; `id` is the event's number.",
        "x-events": by_name,
    }


def _schemas(told: Iterable[Operation]) -> dict[str, Any]:
    """Write the schema of every model once; both ways if it is asked and answered."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for one in told:
        for asked in (one.body, one.query):
            if asked is not None:
                wanted[asked, "validation"] = None
        for model in one.answers.values():
            if not isinstance(model, str):
                wanted[model, "serialization"] = None
    always: list[type[BaseModel]] = [*_EVENTS.values(), ProblemAnswer]
    wanted |= {(model, "serialization"): None for model in always}
    _, described = models_json_schema([*wanted], ref_template=_REF)
    schemas: dict[str, Any] = described["$defs"]
    schemas[JobRequest.__name__] = _job_request(schemas)
    return schemas


def _job_request(schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe a wish for each kind that may be named, with its own payload."""
    general = schemas[JobRequest.__name__]
    choices = []
    for kind in catalogue().values():
        if kind.access is Access.INTERNAL:
            continue
        payload = kind.payload.json_schema(ref_template=_REF)
        schemas.update(payload.pop("$defs", {}))
        name = f"JobRequest.{kind.name}"
        special = {"kind": {"const": kind.name}, "payload": payload}
        required = ["kind", "payload"] if payload.get("required") else ["kind"]
        properties = {**general["properties"], **special}
        schemas[name] = {**general, "properties": properties, "required": required}
        schemas[name]["title"] = name
        choices.append({"$ref": _REF.format(model=name)})
    return {"oneOf": choices} if choices else general


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}


def _version() -> str:
    try:
        return version("nightwork")
    except PackageNotFoundError:
        return "0.1.0"
