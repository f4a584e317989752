"""Signed links for what can't send headers: EventSource, `<audio>`, downloads."""

import time
from http import HTTPStatus
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

from models.settings import settings
from web.problems import Problem

# A link is good for one to two hours: all of an hour's are equal, so that a
# repeated request gets the same answer.
_HOUR = 3600


def events_token(job_id: UUID, owner: UUID) -> str:
    """Sign for one job's events, in its owner's name."""
    until = (int(time.time()) // _HOUR + 2) * _HOUR
    return str(_signer("events").dumps([str(job_id), str(owner), until]))


def owner_of_events(token: str, job_id: UUID) -> UUID:
    """Read the owner from a token for this very job; raises Problem 401."""
    try:
        signed_for, owner, until = _signer("events").loads(token)
    except (BadSignature, ValueError, TypeError):
        signed_for, owner, until = "", "", 0
    if signed_for != str(job_id) or until < time.time():
        detail = "The link's token is not valid, or no longer; ask for the job anew."
        raise Problem(HTTPStatus.UNAUTHORIZED, detail)
    return UUID(owner)


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings().signing_key, salt=f"nightwork link: {purpose}")
