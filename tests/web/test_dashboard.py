"""rq-dashboard behind the login, with its faults closed."""

import re

import pytest
from redis import Redis
from sqlalchemy import Connection

from jobs.kit import delivery
from models import dead_letters
from tests.web.conftest import Caller
from tests.web.factories import failed
from tests.web.serving import ROOT
from tests.web.test_pages import Browser

SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture
def browser(operator: Caller) -> Browser:
    browser = Browser(operator.client)
    browser.sign_in(operator.key)
    return browser


@pytest.fixture
def broken(operator: Caller, db: Connection, redis: Redis) -> str:
    """The name in RQ of a job that failed, as the keeper shows it there."""
    job_id = operator.submit()
    failed(db, operator, job_id, SCRIPT)
    letters = dead_letters.unshown(db, batch=10)
    delivery.show_failed(redis, letters)
    return delivery.rq_id(letters[0].job_id, letters[0].delivery)


def requests(browser: Browser, path: str, method: str = "POST", **headers: str) -> int:
    return browser.client.open(path, method=method, headers=headers).status_code


@pytest.mark.parametrize(
    "path",
    [
        "/rq/",
        "/rq/0/view/queues",
        "/rq/0/view/workers",
        "/rq/0/view/jobs",
        "/rq/0/view/jobs/probe/failed/8/asc/1",
        "/rq/0/data/queues.json",
        "/rq/0/data/workers.json",
        "/rq/0/data/jobs/probe/queued/8/asc/1.json",
        "/rq/0/data/jobs/probe/failed/8/asc/1.json",
    ],
)
def test_its_pages_are_there_for_operators(
    browser: Browser, broken: str, path: str
) -> None:
    assert browser.client.get(path, follow_redirects=True).status_code == 200


def test_a_failed_job_is_shown_with_its_stack(browser: Browser, broken: str) -> None:
    data = browser.see(f"/rq/0/data/job/{broken}.json").json

    assert SCRIPT in data["exc_info"]
    assert browser.see(f"/rq/0/view/job/{broken}").status_code == 200


def test_users_do_not_see_it(caller: Caller) -> None:
    assert caller.get("/rq/").status_code == 403


def test_the_banner_tells_the_true_depths(browser: Browser, operator: Caller) -> None:
    for _ in range(3):
        operator.submit()

    page = browser.see("/rq/").text

    assert "<strong>probe</strong> 3" in page
    assert 'href="/monitor"' in page


def test_everything_it_prints_is_escaped(browser: Browser, broken: str) -> None:
    page = browser.see(f"/rq/0/view/job/{broken}").text
    scripts = re.findall(r'<script src="([^"]+)"', page)
    settings = (ROOT / "web/static/rq.js").read_text()
    [escape] = re.findall(r"_\.templateSettings\.escape = /(.+)/g;", settings)

    # The setting is in force before a template is read, and fits every raw print.
    assert scripts[-1] == "/static/rq.js"
    prints = re.findall(r"<%=.+?%>", page)
    assert "<%= d.exc_info %>" in prints
    assert all(re.fullmatch(escape, one) for one in prints)


def test_only_its_own_script_runs_on_its_pages(browser: Browser) -> None:
    answer = browser.see("/rq/")

    policy = answer.headers["Content-Security-Policy"]
    [nonce] = re.findall(r"'nonce-([^']+)'", policy)
    assert f'<script nonce="{nonce}">' in answer.text
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        "/rq/job/{name}/delete",
        "/rq/queue/probe/failed/empty",
        "/rq/queue/probe/queued/empty",
        "/rq/queue/probe/compact",
    ],
)
def test_what_would_change_redis_is_off(
    browser: Browser, broken: str, redis: Redis, path: str, method: str
) -> None:
    before = sorted(redis.keys())
    token = {"X-CSRFToken": browser.token()}

    status = requests(browser, path.format(name=broken), method, **token)

    assert status in {403, 405}
    assert sorted(redis.keys()) == before


def test_its_requeue_is_our_replay(
    browser: Browser, operator: Caller, broken: str
) -> None:
    token = {"X-CSRFToken": browser.token()}

    assert requests(browser, f"/rq/job/{broken}/requeue", **token) == 200

    [line] = operator.get("/api/jobs").json["items"]
    assert line["state"] == "pending"


def test_requeue_all_replays_what_is_shown(
    browser: Browser, operator: Caller, broken: str
) -> None:
    token = {"X-CSRFToken": browser.token()}

    answer = browser.client.post("/rq/requeue/probe", headers=token)

    assert answer.json == {"status": "OK", "count": 1}
    assert operator.get("/api/jobs").json["items"][0]["state"] == "pending"


@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/rq/requeue/probe", "GET", {}),
        ("/rq/requeue/probe", "POST", {}),
        ("/rq/job/{name}/requeue", "POST", {"X-CSRFToken": "x"}),
    ],
)
def test_a_link_or_another_site_replays_nothing(
    browser: Browser,
    operator: Caller,
    broken: str,
    path: str,
    method: str,
    headers: dict[str, str],
) -> None:
    status = requests(browser, path.format(name=broken), method, **headers)

    assert status == 403
    assert operator.get("/api/jobs").json["items"][0]["state"] == "failed"


@pytest.mark.parametrize(
    "path", ["/rq/0/view/job/no-such", "/rq/7/view/queues", "/rq/0/data/job/x.json"]
)
def test_what_it_does_not_know_is_not_found(browser: Browser, path: str) -> None:
    assert browser.see(path).status_code == 404
