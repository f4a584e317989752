"""The shape of every error, for the description of the API."""

from typing import Annotated

from pydantic import Field

from web.api.fields import Answer


class FaultAnswer(Answer):
    """A field that does not fit."""

    field: str
    message: str
    fix: str


class ProblemAnswer(Answer):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="Stable: tells one problem from another.")]
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FaultAnswer]
