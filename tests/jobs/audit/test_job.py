"""An audit from a session to its saved findings, against a real database and server."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, Row, text

from jobs.audit.job import audit
from jobs.kit.attempt import Crashed, Outcome, Returned, run
from jobs.kit.context import Context
from jobs.kit.ledger import PostgresLedger, Signals
from jobs.kit.retry import NEVER
from models import build_sessions
from models.settings import settings
from tests.factories import claimed, running
from tests.jobs.providers.odd_server import OddServer

HTML = "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8"
PAGE = b"""<!doctype html>
<html><head><title>Bicycles</title><link rel="stylesheet" href="/s.css"></head>
<body><img src="/a.png">
<p class="faint">Opening hours</p></body></html>"""


@dataclass
class Desk:
    """Starts audits of somebody, and reads what they left."""

    db: Connection
    web: Engine
    user: UUID

    def audit(self, **source: str | None) -> tuple[UUID, UUID, Outcome]:
        given = {"url": None, "html": None, **source}
        session = build_sessions.create(self.db, self.user, "Shop", **given)
        payload = {"session_id": str(session.id)}
        claim = running(self.db, self.user, kind="audit", queue="a", payload=payload)
        build_sessions.attach_job(self.db, session.id, claim.held.job_id)
        return session.id, claim.held.job_id, self.attempt(claim)

    def attempt(self, claim: Any) -> Outcome:
        signals = Signals()
        ledger = PostgresLedger(claim.held, signals)
        ctx = Context(claim, ledger, signals, retry=NEVER)
        return run(audit, ctx, claim.payload)

    def saved(self, job_id: UUID) -> Row[Any]:
        row = build_sessions.audit_of(self.db, job_id)
        assert row is not None
        return row


@pytest.fixture
def desk(emptied: Engine, web: Engine, user: UUID) -> Iterator[Desk]:
    with emptied.connect() as db:
        yield Desk(db, web, user)


@pytest.fixture
def site(server: OddServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[OddServer]:
    """A server that audits may visit."""
    monkeypatch.setenv("NIGHTWORK_FETCH_ALLOW", ",".join(server.allowed))
    settings.cache_clear()
    yield server
    settings.cache_clear()


def page(site: OddServer, body: bytes = PAGE, head: str = HTML) -> str:
    return site.answer("/", f"{head}\nContent-Length: {len(body)}", body)


def rules(saved: Row[Any]) -> dict[str, Any]:
    return {finding["rule"]: finding for finding in saved.findings}


def test_an_audit_fetches_checks_scores_and_saves(site: OddServer, desk: Desk) -> None:
    url = page(site)
    css = b".faint { color: #999 }"
    site.answer("/s.css", f"HTTP/1.1 200 OK\nContent-Length: {len(css)}", css)
    site.answer("/a.png", "HTTP/1.1 404 Not Found\nContent-Length: 0")

    session, job, outcome = desk.audit(url=url)

    saved, found = desk.saved(job), rules(desk.saved(job))
    assert isinstance(outcome, Returned)
    assert outcome.result == {
        "sessionId": str(session),
        "score": saved.score,
        "scores": saved.scores,
        "findings": len(saved.findings),
    }
    assert 0 < saved.score < 100
    assert (found["image-alt"]["line"], found["image-alt"]["column"]) == (3, 7)
    assert (
        found["contrast"]["selector"]
        == "html > body:nth-child(2) > p.faint:nth-child(2)"
    )
    assert "#999999 on #ffffff" in found["contrast"]["message"]
    assert found["broken-file"]["message"].endswith("/a.png answers 404.")
    assert saved.page["stylesheets"] == [site.url("/s.css")]


def test_fetched_files_are_dropped_when_the_audit_is_saved(
    site: OddServer, desk: Desk
) -> None:
    desk.audit(url=page(site))

    assert desk.db.execute(text("SELECT count(*) FROM audit_sources")).scalar() == 0


def test_an_audit_of_markup_fetches_nothing_and_skips_what_needs_an_answer(
    site: OddServer, desk: Desk
) -> None:
    _, job, outcome = desk.audit(html=PAGE.decode())

    saved = desk.saved(job)
    assert isinstance(outcome, Returned)
    assert site.requests == []
    assert saved.scores["security"] is None
    assert "hsts" in saved.page["skipped"]["security"]
    assert "image-alt" in rules(saved)


def test_a_taken_over_audit_goes_on_without_fetching_again(
    site: OddServer, desk: Desk, emptied: Engine
) -> None:
    _, job, first = desk.audit(url=page(site))
    asked = list(site.requests)
    statement = "UPDATE jobs SET state = 'pending', worker_id = NULL, claim_id = NULL"
    desk.db.execute(text(statement))

    second = desk.attempt(claimed(desk.db, job))

    assert second == first
    assert site.requests == asked
    assert desk.db.execute(text("SELECT count(*) FROM audits")).scalar() == 1


def test_a_save_whose_answer_was_lost_is_not_made_twice(
    site: OddServer, desk: Desk
) -> None:
    _, job, first = desk.audit(url=page(site))
    forget_the_step(desk, job, "save")

    assert desk.attempt(claimed(desk.db, job)) == first


def test_an_audit_replayed_after_its_files_were_deleted_says_so(
    site: OddServer, desk: Desk
) -> None:
    _, job, _ = desk.audit(url=page(site))
    desk.db.execute(text("DELETE FROM audits"))
    forget_the_step(desk, job, "design")

    outcome = desk.attempt(claimed(desk.db, job))

    assert isinstance(outcome, Crashed)
    assert outcome.message.endswith("start a new audit.")


def forget_the_step(desk: Desk, job: UUID, name: str) -> None:
    """As if the worker had been killed before the step was recorded."""
    pending = "UPDATE jobs SET state = 'pending', worker_id = NULL, claim_id = NULL"
    desk.db.execute(text(pending))
    lost = "DELETE FROM job_steps WHERE job_id = :job AND name = :name"
    assert desk.db.execute(text(lost), {"job": job, "name": name}).rowcount == 1


@pytest.mark.parametrize(
    ("head", "body", "told"),
    [
        (f"{HTML}\nContent-Length: 52428800", b"", "larger than 5 MB (got 50.0 MB)."),
        ("HTTP/1.1 200 OK\nContent-Type: application/pdf", b"%PDF-1.7", "with a PDF"),
        ("HTTP/1.1 200 OK\nContent-Type: text/html", b"%PDF-1.7", "with a PDF"),
        ("HTTP/1.1 200 OK\nContent-Type: image/png", b"\x89PNG", "with an image"),
        ("HTTP/1.1 404 Not Found\nContent-Length: 0", b"", "answered 404 (Not Found)."),
        ("HTTP/1.1 302 Found\nLocation: /\nContent-Length: 0", b"", "in a circle"),
    ],
)
def test_what_is_no_page_fails_for_good_with_words_for_the_user(
    site: OddServer, desk: Desk, head: str, body: bytes, told: str
) -> None:
    _, _, outcome = desk.audit(url=site.answer("/", head, body))

    assert isinstance(outcome, Crashed)
    assert told in outcome.message
    assert outcome.step == "fetch"
    assert not outcome.retryable


def test_a_site_that_is_busy_is_told_from_one_that_has_no_such_page(
    site: OddServer, desk: Desk
) -> None:
    busy = "HTTP/1.1 503 Service Unavailable\nRetry-After: 7\nContent-Length: 0"

    _, _, outcome = desk.audit(url=site.answer("/", busy))

    assert isinstance(outcome, Crashed)
    assert "answered 503 (Service Unavailable)" in outcome.message


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("broken UTF-8", b"<p>Gr\xfc\xdfe \xff\xfe\x80 and \x00 zero"),
        ("nested tags", b"<!doctype html>" + b"<div>" * 10_000 + b"deep"),
        ("unclosed tables", b"<table><tr><td>" * 3_000),
        ("an empty page", b""),
        ("half a tag", b"<p title='never closed"),
        ("a literal escape", rb'<img src="\u0000" class="\ud800">'),
        ("nested brackets", b"<style>" + b"a{" * 5_000 + b"</style>"),
    ],
)
def test_a_hostile_page_is_audited_to_the_end(
    site: OddServer, desk: Desk, name: str, body: bytes
) -> None:
    head = "HTTP/1.1 200 OK\nContent-Type: text/html"

    _, job, outcome = desk.audit(url=site.answer("/", head, body))

    assert isinstance(outcome, Returned), outcome
    assert 0 <= desk.saved(job).score <= 100


def test_markup_with_characters_the_database_refuses_is_audited(desk: Desk) -> None:
    _, job, outcome = desk.audit(html="<p>zero \0 and half \ud83d")

    assert isinstance(outcome, Returned)
    assert desk.saved(job).page["tags"] == 4


def test_a_page_of_too_many_tags_is_refused_in_words(
    site: OddServer, desk: Desk
) -> None:
    body = gzip.compress(b"<b>" * 200_000)
    head = f"{HTML}\nContent-Encoding: gzip\nContent-Length: {len(body)}"

    _, _, outcome = desk.audit(url=site.answer("/", head, body))

    assert isinstance(outcome, Crashed)
    assert "about 200,000 tags" in outcome.message


def test_a_page_of_300_kb_with_its_stylesheet_ends_within_twenty_seconds(
    site: OddServer, desk: Desk
) -> None:
    part = (
        '<li class="card"><a href="/p"><img src="/a.png" alt="A bicycle"></a>'
        '<p class="faint">Repaired <b>while you wait</b>, in the market hall.</p></li>'
    )
    body = PAGE + part.encode() * 2_200
    css = b"".join(
        b".c%d > .card:hover, #x%d p { color: #999 }" % (n, n) for n in range(2_000)
    )
    site.answer("/s.css", f"HTTP/1.1 200 OK\nContent-Length: {len(css)}", css)
    began = time.monotonic()

    _, job, outcome = desk.audit(url=page(site, body))

    assert isinstance(outcome, Returned)
    assert len(body) > 300_000
    assert time.monotonic() - began < 20
    assert desk.saved(job).page["tags"] > 11_000


def test_a_page_where_everything_is_wrong_stays_within_a_result(desk: Desk) -> None:
    worst = '<img src="x" onclick="😀" aria-x="1" id="a">' + "<a href='#x😀'></a>"

    _, job, outcome = desk.audit(html=worst * 5_000)

    assert isinstance(outcome, Returned)
    assert len(json.dumps(desk.saved(job).findings)) < 2**20


def test_nobody_sees_the_audit_of_somebody_else(
    site: OddServer, desk: Desk, new_user: Callable[[str], UUID]
) -> None:
    from models.database import as_user  # noqa: PLC0415 - reads the settings of the test

    session, job, _ = desk.audit(html=PAGE.decode())

    with as_user(desk.web, new_user("Eve")) as db:
        assert build_sessions.show(db, session) is None
        assert build_sessions.audit_of(db, job) is None
    with as_user(desk.web, desk.user) as db:
        shown = build_sessions.show(db, session)
        assert shown is not None
        assert shown.score == desk.saved(job).score
        assert [
            row.id for row in build_sessions.page(db, cursor=None, limit=9).rows
        ] == [session]
