"""Reading a request's JSON, whatever its Content-Type says."""

import hashlib
import json
import math
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import g, request

from web.problems import Problem, misfit

DEEPEST = 64
# Beyond it a float skips whole numbers.
_EXACT = 2**53
_BAD = HTTPStatus.BAD_REQUEST


def read() -> dict[str, Any]:
    """Read the body as a JSON object; nothing at all is `{}`.

    Raises Problem: 400 when it is no JSON, 413 when it is too large, 422 when it
    holds what can't be stored.
    """
    if "body" not in g:
        g.body = _read(_received())
    body: dict[str, Any] = g.body
    return body


def _received() -> bytes:
    """Take the whole body; one that comes in chunks is cut at the limit, not refused.

    So look behind it: where the limit was reached, that raises 413.
    """
    raw = request.get_data(cache=False)
    if request.content_length is None:
        request.stream.read(1)
    return raw


def _read(raw: bytes) -> dict[str, Any]:
    if not raw.strip():
        return {}
    body = _parse(raw)
    if not isinstance(body, dict):
        raise misfit("", "The body is not a JSON object.", "Send {…}.")
    _refuse_the_unstorable(body)
    return body


def fingerprint(body: dict[str, Any]) -> bytes:
    """Hash a body so that order of keys and spaces make no difference."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


def size(value: object) -> int:
    """Measure a value in bytes of compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _parse(raw: bytes) -> object:
    try:
        return json.loads(
            raw.decode(), parse_float=_number, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise misfit("", "The JSON is nested too deeply.", _SHALLOWER) from None
    except ValueError as error:
        # A decoder's message may quote the body; the place is enough.
        place = getattr(error, "lineno", None)
        where = f" (line {place}, column {getattr(error, 'colno', 0)})" if place else ""
        raise Problem(_BAD, f"The body is not JSON in UTF-8{where}.") from None


def _number(digits: str) -> float:
    """Read `2.0` as 2: to JSON, and to its schemas, they are the same number."""
    number = float(digits)
    whole = number.is_integer() and abs(number) <= _EXACT
    return int(number) if whole else number


def _refuse_constant(word: str) -> object:
    raise misfit("", f"{word} is not JSON.", "Send a finite number or null.")


_SHALLOWER = f"Nest at most {DEEPEST} levels."
_TEXT = "Leave out NUL and send whole UTF-16 pairs."


def _refuse_the_unstorable(body: object) -> None:
    """Walk without recursion: the depth is the sender's choice."""
    rest: list[tuple[str, object, int]] = [("", body, 0)]
    while rest:
        path, value, depth = rest.pop()
        if depth > DEEPEST:
            raise misfit(path[:200], "The JSON is nested too deeply.", _SHALLOWER)
        match value:
            case dict():
                for key in value:
                    _check_text(path, key)
                rest += _inside(path, value.items(), depth)
            case list():
                rest += _inside(path, enumerate(value), depth)
            case str():
                _check_text(path, value)
            case float() if not math.isfinite(value):
                raise misfit(path, "The number is too large.", "Send a finite number.")


def _inside(
    path: str, items: Iterable[tuple[object, object]], depth: int
) -> list[tuple[str, object, int]]:
    return [(f"{path}.{name}".strip("."), item, depth + 1) for name, item in items]


def _check_text(path: str, words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError:
        raise misfit(path, "The text has half a surrogate pair.", _TEXT) from None
    if "\x00" in words:
        raise misfit(path, "The text holds the character NUL.", _TEXT)
