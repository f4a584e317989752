"""JSON values as the service stores them."""

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

# `Any` inside: a recursive alias would make every read of a payload a cast.
Json = dict[str, Any] | list[Any] | str | int | float | bool | None

# After an even number of backslashes; after an odd one it only spells it.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    message = f"{type(value).__name__} is not JSON"
    raise TypeError(message)


def dump(value: object) -> str:
    """Write a value for a `jsonb` column.

    Raises TypeError or ValueError with what does not fit: NaN, infinities, NUL,
    half a surrogate pair.
    """
    written = json.dumps(
        value,
        allow_nan=False,
        ensure_ascii=False,
        separators=(",", ":"),
        default=_plain,
    )
    if "\\u0000" in written and _NUL.search(written):
        message = "PostgreSQL can't store the character NUL in JSON"
        raise ValueError(message)
    if not written.isascii():
        # Half of a surrogate pair is no character: raises UnicodeEncodeError.
        written.encode()
    return written
