"""Gets a page and its files from the web, and says in words why it could not."""

from datetime import timedelta
from http import HTTPStatus

from jobs.kit import NonRetriableError, RetryAfterError
from jobs.kit.verdict import retry_after
from jobs.providers.errors import TooSlowError, UnreachableError
from jobs.providers.fetch import Limits, Response, fetch
from jobs.providers.unpack import MIB
from jobs.providers.urls import host_of

PAGE_BYTES, PAGE_SECONDS = 5 * MIB, 20.0
SHEETS, SHEET_BYTES, SHEETS_BYTES = 20, MIB, 2 * MIB
SHEET_SECONDS, SHEETS_SECONDS = 6.0, 20.0
_WEB_PAGES = frozenset({"text/html", "application/xhtml+xml", ""})
_PASSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT = timedelta(minutes=10)
_USUAL_WAIT, _SHORT_WAIT = timedelta(seconds=60), timedelta(seconds=5)
_KINDS = {
    "application/pdf": "a PDF",
    "application/json": "JSON data",
    "application/zip": "a ZIP file",
    "text/plain": "plain text",
    "application/octet-stream": "a file to download",
    "text/xml": "XML data",
    "application/xml": "XML data",
}
_OTHERS = {"image": "an image", "video": "a video", "audio": "a sound"}


class NotAPageError(NonRetriableError):
    """The address answers with something else."""


class NoSuchPageError(NonRetriableError):
    """The server refuses, and would tomorrow."""


def visit(url: str, allowed: frozenset[str]) -> Response:
    """Get a web page; raises errors whose message a user understands."""
    response = fetch(url, Limits(PAGE_BYTES, PAGE_SECONDS, allowed))
    _refuse_status(response)
    _refuse_kind(response)
    return response


def visit_stylesheet(
    url: str, allowed: frozenset[str], seconds: float
) -> Response | None:
    """Get a stylesheet; None when it cannot be had, which fails no audit."""
    limits = Limits(SHEET_BYTES, min(SHEET_SECONDS, seconds), allowed)
    try:
        return fetch(url, limits)
    except (NonRetriableError, TooSlowError, UnreachableError):
        return None


def _refuse_status(response: Response) -> None:
    status, host = response.status, host_of(response.url)
    if status < HTTPStatus.BAD_REQUEST:
        return
    message = f"{host} answered {status} ({_phrase(status)})."
    if status in _PASSES:
        raise RetryAfterError(message, _wait(response))
    raise NoSuchPageError(message)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"


def _wait(response: Response) -> timedelta:
    said = retry_after(response.header("retry-after") or None)
    if said is not None:
        return min(said, _LONGEST_WAIT)
    busy = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    return _USUAL_WAIT if response.status in busy else _SHORT_WAIT


def _refuse_kind(response: Response) -> None:
    kind = response.media_type
    if response.content.startswith(b"%PDF-"):
        kind = "application/pdf"
    if kind in _WEB_PAGES:
        return
    family = kind.partition("/")[0]
    what = _KINDS.get(kind) or _OTHERS.get(family) or f"“{kind[:60]}”"
    host = host_of(response.url)
    raise NotAPageError(f"{host} answered with {what}, not a web page.")
