"""Keeps what was fetched between steps, and the parsed page within a process.

A step's result must stay below 1 MiB, so pages go into a table of their own.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from jobs.audit.assembling import read_sheets
from jobs.audit.page import Page
from jobs.audit.reading import decode, read_page
from jobs.audit.resources import Resource
from jobs.kit import Context, NonRetriableError
from jobs.providers.fetch import Response
from models import build_sessions
from models.build_sessions import Source

PAGE, SHEET = "page", "sheet"


class SessionGoneError(NonRetriableError):
    """The page was deleted before its audit began."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The page of this audit is no longer there.")


class SourcesGoneError(NonRetriableError):
    """The fetched files were deleted, as those of old jobs are."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The fetched page was deleted meanwhile; start a new audit.")


def source_of(name: str, asked: str, response: Response) -> Source:
    """Turn an answer into what is kept; `asked` is the address before redirects."""
    facts = {
        "headers": [list(pair) for pair in response.headers],
        "received": response.received,
        "seconds": response.seconds,
        "redirects": list(response.redirects),
        "url": response.url,
    }
    return Source(name, asked, response.status, _storable(facts), response.content)


def _storable(facts: dict[str, Any]) -> dict[str, Any]:
    """Take out what PostgreSQL's JSON refuses: servers may send any byte."""
    pairs = [[_clean(name), _clean(value)] for name, value in facts["headers"]]
    return {**facts, "headers": pairs}


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def response_of(source: Source) -> Response:
    """Turn what is kept back into the answer."""
    facts = source.headers
    return Response(
        facts["url"],
        source.status,
        tuple((name, value) for name, value in facts["headers"]),
        source.content,
        facts["received"],
        facts["seconds"],
        tuple(facts["redirects"]),
    )


@dataclass(frozen=True)
class _Wanted:
    """Which page; the context is how to get it, not what it is."""

    job_id: UUID
    session_id: UUID
    ctx: Context = field(compare=False)


def load_page(
    ctx: Context, session_id: UUID, looked_at: list[dict[str, Any]] | None = None
) -> Page:
    """Give the page of a job with its stylesheets; it is parsed once a process.

    `looked_at` is what the step `resources` returned; None: nothing was fetched.
    """
    page = _complete(_Wanted(ctx.job_id, session_id, ctx))
    if looked_at is not None and page.resources is None:
        seen = [Resource(**facts) for facts in looked_at]
        page.resources = {resource.url: resource for resource in seen}
    return page


def load_bare_page(ctx: Context, session_id: UUID) -> Page:
    """Give the page of a job before its stylesheets are there."""
    return _parsed(_Wanted(ctx.job_id, session_id, ctx))


def forget_page() -> None:
    """Free the memory of the page that was parsed last."""
    _parsed.cache_clear()
    _complete.cache_clear()


@lru_cache(maxsize=1)
def _parsed(wanted: _Wanted) -> Page:
    with wanted.ctx.database() as db:
        session = build_sessions.page_source(db, wanted.session_id)
        kept = build_sessions.read_sources(db, wanted.job_id)
    if session is None:
        raise SessionGoneError
    if session.html is not None:
        return read_page(session.html)
    pages = [response_of(source) for source in kept if source.name == PAGE]
    if not pages:
        raise SourcesGoneError
    content_type = pages[0].header("content-type")
    return read_page(decode(pages[0].content, content_type), pages[0])


@lru_cache(maxsize=1)
def _complete(wanted: _Wanted) -> Page:
    page = _parsed(wanted)
    with wanted.ctx.database() as db:
        kept = build_sessions.read_sources(db, wanted.job_id)
    sheets = {
        source.url: decode(source.content, _content_type(source))
        for source in kept
        if source.name != PAGE
    }
    page.sheets = read_sheets(page, sheets)
    return page


def _content_type(source: Source) -> str:
    return response_of(source).header("content-type")
