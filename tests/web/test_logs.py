"""What the web part writes down of its requests, and what it never does."""

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.web.conftest import Caller
from tests.web.serving import serving


def test_a_request_is_one_line_without_keys_or_signed_links(
    operator: Caller, environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "web.log"
    url = operator.post("/api/jobs", json={"kind": "probe"}).json["eventsUrl"]
    told = {**environment, "LOG_LEVEL": "info"}

    with log.open("wb") as sink, serving(sink, **told) as web:
        headers = {"Accept": "application/json", "X-Request-Id": "r-1"}
        httpx2.get(web.url + url, headers=headers)
        key = {"Authorization": f"Bearer {operator.key}", "X-Request-Id": "r-2"}
        httpx2.get(f"{web.url}/api/jobs?q=words", headers=key)

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert _of(lines, "r-1")["path"] == url.partition("?")[0]
    assert _of(lines, "r-2")["status"] == 200
    assert _of(lines, "r-2")["user_id"] == str(operator.user_id)
    token = url.partition("token=")[2]
    for secret in (token, operator.key, "words"):
        assert secret not in log.read_text()


def _of(lines: list[dict[str, Any]], request_id: str) -> dict[str, Any]:
    [line] = [one for one in lines if one.get("request_id") == request_id]
    return line
