"""The sorts of values that requests and answers are made of.

What a check refuses, its JSON schema refuses too: the description is true.
"""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

MOMENT = (
    r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?"
    r"(Z|[+-][0-2][0-9]:[0-5][0-9])$"
)
DIGITS = r"^[0-9]{1,9}$"
NO_NUL = r"^[^\u0000]*$"


class Answer(BaseModel):
    """What we say: camelCase; every field is there, if only as null."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        json_schema_serialization_defaults_required=True,
    )


class Request(BaseModel):
    """What we are told: camelCase; an unknown field is refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


def _written_out(value: object) -> object:
    """Refuse what pydantic would also take for a time: numbers, days, no offset."""
    if not isinstance(value, datetime | str) or (
        isinstance(value, str) and not re.fullmatch(MOMENT, value)
    ):
        message = "write a time like 2026-11-21T08:00:00Z, in a query with + as %2B"
        raise ValueError(message)
    return value


def _number(value: object) -> object:
    """Read a query's number: digits only, not `+5` or `5.0`."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        message = "write digits only"
        raise ValueError(message)
    return value


def _plain(value: str) -> str:
    if "\x00" in value:
        message = "leave out the character NUL"
        raise ValueError(message)
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(
        _written_out,
        json_schema_input_type=Annotated[
            str, Field(pattern=MOMENT, json_schema_extra={"format": "date-time"})
        ],
    ),
]
Limit = Annotated[
    Annotated[int, Field(ge=1, le=200)],
    BeforeValidator(
        _number, json_schema_input_type=Annotated[int, Field(ge=1, le=200)]
    ),
    Field(description="Items in a page."),
]
Cursor = Annotated[
    UUID | None, Field(description="`nextCursor` of the page before this one.")
]
NoNul = Annotated[
    str, AfterValidator(_plain), Field(json_schema_extra={"pattern": NO_NUL})
]
Words = Annotated[NoNul, StringConstraints(min_length=1, max_length=200)]
Json = Annotated[Any, Field(description="Any JSON.")]


class Page(Request):
    """Which part of a list."""

    limit: Limit = 50
    cursor: Cursor = None
