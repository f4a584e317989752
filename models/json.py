"""JSON values as the service stores them."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

# `Any` inside: a recursive alias would make every read of a payload a cast.
Json = dict[str, Any] | list[Any] | str | int | float | bool | None


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    message = f"{type(value).__name__} is not JSON"
    raise TypeError(message)


def dump(value: object) -> str:
    """Write a value for a `jsonb` column; NaN, infinities and NUL are refused.

    Raises TypeError or ValueError with what does not fit.
    """
    written = json.dumps(
        value,
        allow_nan=False,
        ensure_ascii=False,
        separators=(",", ":"),
        default=_plain,
    )
    if "\\u0000" in written:
        message = "PostgreSQL can't store the character NUL in JSON"
        raise ValueError(message)
    return written
