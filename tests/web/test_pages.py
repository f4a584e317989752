"""The pages for operators: the login, the monitor, the description."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine
from werkzeug.test import TestResponse

from models import keys
from tests.web.conftest import Caller
from tests.web.factories import claimed, did_step, failed, worker

PAGE = {"Accept": "text/html"}
SCRIPT = "<script>alert(1)</script>"


class Browser:
    """Follows forms as a person does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def see(self, path: str) -> TestResponse:
        return self.client.get(path, headers=PAGE)

    def press(self, path: str, **form: str) -> TestResponse:
        """Post a form with the token that the page before it held."""
        form.setdefault("csrf_token", self.token())
        return self.client.post(path, data=form, headers=PAGE)

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.see("/login").text)
        assert found
        return found[1]

    def sign_in(self, key: str, target: str = "") -> TestResponse:
        return self.press("/login", key=key, next=target)


@pytest.fixture
def browser(operator: Caller) -> Browser:
    """A browser whose operator has signed in."""
    browser = Browser(operator.client)
    assert browser.sign_in(operator.key).status_code == 303
    return browser


@pytest.mark.parametrize(
    "path", ["/monitor", "/monitor/failed", "/monitor/workers", "/rq/"]
)
def test_pages_lead_to_the_login_first(operator: Caller, path: str) -> None:
    answer = operator.client.get(path, headers=PAGE)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login?next=%2F") or (
        answer.headers["Location"] == f"/login?next={path}"
    )


def test_the_login_takes_operators_only(a_caller: Callable[[str], Caller]) -> None:
    user = a_caller("user")

    for key in (user.key, "nw_wrong", ""):
        assert Browser(user.client).sign_in(key).status_code == 403


def test_the_cookie_is_out_of_scripts_reach_and_names_no_key(operator: Caller) -> None:
    answer = Browser(operator.client).sign_in(operator.key)

    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert operator.key not in cookie


def test_a_revoked_key_ends_its_session(
    browser: Browser, operator: Caller, emptied: Engine
) -> None:
    assert browser.see("/monitor").status_code == 200

    with emptied.connect() as db:
        keys.revoke(db, operator.key)

    assert browser.see("/monitor").status_code == 302


def test_the_cookie_opens_no_api(browser: Browser) -> None:
    assert browser.client.get("/api/jobs").status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "x"]
)
def test_the_login_leads_to_our_own_pages_only(operator: Caller, target: str) -> None:
    answer = Browser(operator.client).sign_in(operator.key, target)

    assert answer.headers["Location"] == "/monitor"


def test_signing_out_ends_the_session(browser: Browser) -> None:
    assert browser.press("/logout").status_code == 303

    assert browser.see("/monitor").status_code == 302


@pytest.mark.parametrize("token", ["", "x"])
def test_a_post_from_another_site_is_refused(
    browser: Browser, operator: Caller, token: str
) -> None:
    job_id = operator.submit()

    answer = browser.press(f"/monitor/jobs/{job_id}/cancel", csrf_token=token)

    assert answer.status_code == 403
    assert operator.get(f"/api/jobs/{job_id}").json["state"] == "pending"


def test_the_monitor_lists_filters_and_pages_jobs(
    browser: Browser, operator: Caller
) -> None:
    ids = [operator.submit(tags=["red"]) for _ in range(3)]
    operator.submit()

    page = browser.see("/monitor?tag=red&limit=2&kind=").text

    assert [job_id in page for job_id in ids] == [False, True, True]
    assert "cursor=" in page


def test_the_monitor_shows_steps_and_where_to_watch(
    browser: Browser, operator: Caller, db: Connection
) -> None:
    job_id = operator.submit()
    did_step(db, claimed(db, job_id), "step 1")

    page = browser.see(f"/monitor/jobs/{job_id}").text

    assert 'data-step="step 1"' in page
    assert f'data-events="/api/jobs/{job_id}/events?token=' in page


def test_jobs_are_cancelled_and_retried_by_a_button(
    browser: Browser, operator: Caller, db: Connection
) -> None:
    stopped, broken = operator.submit(), operator.submit()
    failed(db, operator, broken)

    browser.press(f"/monitor/jobs/{stopped}/cancel")
    browser.press(f"/monitor/jobs/{broken}/retry")

    assert operator.get(f"/api/jobs/{stopped}").json["state"] == "cancelled"
    assert operator.get(f"/api/jobs/{broken}").json["state"] == "pending"


def test_failed_jobs_are_replayed_and_resolved_by_a_button(
    browser: Browser, operator: Caller, db: Connection
) -> None:
    again, never = (failed(db, operator, operator.submit(), "boom") for _ in range(2))
    assert browser.see("/monitor/failed").text.count("boom") == 2

    browser.press(f"/monitor/failed/{again}/replay")
    browser.press(f"/monitor/failed/{never}/resolve", notes="Known.")

    assert "boom" not in browser.see("/monitor/failed").text
    assert "Known." in browser.see(f"/monitor/failed/{never}").text


def test_workers_and_queues_are_shown(
    browser: Browser, operator: Caller, db: Connection
) -> None:
    worker(db, "probe")
    operator.submit()

    page = browser.see("/monitor/workers").text

    assert "alive" in page
    assert '<th scope="row">probe</th><td class="number">1</td>' in page


def test_what_users_write_is_text_on_every_page(
    browser: Browser, operator: Caller, db: Connection
) -> None:
    job_id = operator.submit({"failAt": SCRIPT}, tags=[SCRIPT])
    letter = failed(db, operator, job_id, SCRIPT)

    for path in (
        "/monitor",
        f"/monitor/jobs/{job_id}",
        "/monitor/failed",
        f"/monitor/failed/{letter}",
        f"/monitor?tag={SCRIPT}&q={SCRIPT}",
    ):
        page = browser.see(path)
        assert page.status_code == 200
        assert SCRIPT not in page.text


def test_a_page_runs_no_script_but_ours(browser: Browser) -> None:
    answer = browser.see("/monitor")

    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("path", "status"), [("/monitor/jobs/x", 404), ("/monitor?state=x", 422)]
)
def test_errors_are_pages_for_people(browser: Browser, path: str, status: int) -> None:
    answer = browser.see(path)

    assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_the_description_is_shown_to_people(browser: Browser) -> None:
    page = browser.see("/docs").text

    assert "/api/jobs/{job_id}/events" in page
    assert "POST" in page
