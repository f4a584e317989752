"""The job kind `audit`: fetch a page, run the rules, score it, save what was found."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from jobs.audit.assembling import resource_urls, stylesheet_urls
from jobs.audit.checking import check
from jobs.audit.findings import Category, clip
from jobs.audit.keeping import (
    PAGE,
    SHEET,
    SessionGoneError,
    forget_page,
    load_bare_page,
    load_page,
    source_of,
)
from jobs.audit.page import Page
from jobs.audit.resources import describe, look_at
from jobs.audit.scoring import score
from jobs.audit.visiting import (
    SHEETS,
    SHEETS_BYTES,
    SHEETS_SECONDS,
    visit,
    visit_stylesheet,
)
from jobs.kit import Access, Context, Retry, job
from models import build_sessions
from models.settings import settings

_NETWORK, _RULES = timedelta(seconds=45), timedelta(seconds=60)
_FILES = 24
_CHECKS = tuple(Category)
_STEPS = ("fetch", "stylesheets", "resources", *_CHECKS, "score", "save")
_TRIES = Retry(attempts=3, base=timedelta(seconds=1), cap=timedelta(minutes=2))
Facts = dict[str, Any]


@dataclass(frozen=True)
class Audit:
    """Which build session's page to audit."""

    session_id: UUID


@job(
    "audit",
    queue="audit",
    access=Access.INTERNAL,
    isolated=True,
    timeout=timedelta(minutes=10),
    retry=_TRIES,
    steps=_STEPS,
)
def audit(ctx: Context, args: Audit) -> Facts:
    """Audit a page; the score and all findings are kept with the session."""
    files = _gather(ctx, args.session_id)
    reports = [
        _step(
            ctx, category.value, run_rules, ctx, args.session_id, category.value, files
        )
        for category in _CHECKS
    ]
    scored = _step(ctx, "score", score, reports)
    saved: Facts = _step(ctx, "save", save, ctx, args.session_id, scored, reports)
    return saved


def _gather(ctx: Context, session_id: UUID) -> list[Facts] | None:
    """Fetch what the session's address leads to; None when it holds markup."""
    with ctx.database() as db:
        source = build_sessions.page_source(db, session_id)
    if source is None:
        raise SessionGoneError
    if source.url is None:
        return None
    _step(ctx, "fetch", fetch_page, ctx, source.url)
    sheets = _step(ctx, "stylesheets", fetch_stylesheets, ctx, session_id)
    seen: list[Facts] = _step(ctx, "resources", look_at_files, ctx, session_id)
    return [*sheets, *seen]


def _step(ctx: Context, name: str, run: Callable[..., Any], *args: object) -> Any:
    """Run a step with its time limit, and show how far the audit is."""
    place = _STEPS.index(name)
    ctx.progress(place, len(_STEPS), name)
    limit = _NETWORK if place < _STEPS.index(_CHECKS[0]) else _RULES
    return ctx.step(name, run, *args, timeout=limit)


def fetch_page(ctx: Context, url: str) -> Facts:
    """Get the page and keep it; the result is what there is to say about it."""
    response = visit(url, settings().nightwork_fetch_allow)
    with ctx.database() as db:
        kept = [source_of(PAGE, url, response)]
        build_sessions.keep_sources(db, ctx.user_id, ctx.job_id, kept)
    return {
        "url": clip(response.url, 2_000),
        "status": response.status,
        "bytes": len(response.content),
    }


def fetch_stylesheets(ctx: Context, session_id: UUID) -> list[Facts]:
    """Get and keep the page's stylesheets; return how each was sent."""
    until = time.monotonic() + SHEETS_SECONDS
    kept, seen, room = [], [], SHEETS_BYTES
    for number, url in enumerate(
        stylesheet_urls(load_bare_page(ctx, session_id))[:SHEETS]
    ):
        left = until - time.monotonic()
        if left <= 0 or room <= 0:
            break
        response = visit_stylesheet(url, settings().nightwork_fetch_allow, left)
        if response is None:
            continue
        seen.append({**describe(response).as_json(), "url": url})
        if response.status < 400 and len(response.content) <= room:  # noqa: PLR2004 - HTTP's errors
            room -= len(response.content)
            kept.append(source_of(f"{SHEET} {number}", url, response))
    with ctx.database() as db:
        build_sessions.keep_sources(db, ctx.user_id, ctx.job_id, kept)
    return seen


def look_at_files(ctx: Context, session_id: UUID) -> list[Facts]:
    """Look at the first images and scripts; return how each was sent."""
    urls = resource_urls(load_bare_page(ctx, session_id))[:_FILES]
    found = look_at(urls, settings().nightwork_fetch_allow)
    return [resource.as_json() for resource in found]


def run_rules(
    ctx: Context, session_id: UUID, category: str, files: list[Facts] | None
) -> Facts:
    """Run one category's rules; return its findings and counts."""
    page = load_page(ctx, session_id, files)
    return check(page, Category(category)).as_json()


def save(ctx: Context, session_id: UUID, scored: Facts, reports: list[Facts]) -> Facts:
    """Keep the audit, drop the fetched files, and return the sum of it.

    Saved before, by an attempt that could not say so: nothing is done again.
    """
    with ctx.database() as db:
        saved = build_sessions.audit_of(db, ctx.job_id)
    findings = [finding for report in reports for finding in report["findings"]]
    if saved is None:
        facts = _facts(load_page(ctx, session_id), reports)
        with ctx.database() as db:
            build_sessions.record_audit(
                db,
                ctx.user_id,
                session_id=session_id,
                job_id=ctx.job_id,
                score=scored["score"],
                scores=scored["scores"],
                findings=findings,
                facts=facts,
            )
    forget_page()
    return {"sessionId": str(session_id), **scored, "findings": len(findings)}


def _facts(page: Page, reports: list[Facts]) -> Facts:
    """Say what the audit looked at, and what it could not look at."""
    response = page.response
    return {
        "url": clip(page.url, 2_000) or None,
        "title": clip(page.text(page.title), 200) if page.title else "",
        "status": response.status if response else None,
        "bytes": len(response.content)
        if response
        else len(page.source.encode("utf-8", "replace")),
        "seconds": response.seconds if response else None,
        "redirects": [clip(one, 2_000) for one in response.redirects]
        if response
        else [],
        "tags": len(page.elements),
        "stylesheets": [clip(sheet.url, 2_000) for sheet in page.sheets if sheet.url],
        "files": len(page.resources or {}),
        "counts": {report["category"]: report["counts"] for report in reports},
        "skipped": {report["category"]: report["skipped"] for report in reports},
    }
