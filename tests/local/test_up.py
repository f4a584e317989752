"""`./run up` is what outside tests and users hold on to."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import psycopg
import pytest
from redis import Redis

from local.parts import PYTHON
from local.stack import Stack, StackFailedError, running
from tests.waiting import exists, until

FIELDS = {
    "url",
    "apiKey",
    "operatorKey",
    "adminKey",
    "monitorUrl",
    "databaseUrl",
    "webDatabaseUrl",
    "redisUrl",
    "pids",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with running(tmp_path_factory.mktemp("up") / "data", workers=2) as started:
        yield started


def answer(stack: Stack, path: str, key: str | None = None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.get(stack["url"] + path, headers=headers, trust_env=False)


def local(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", f"local.{module}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **PYTHON},
    )


def every(pids: dict[str, object]) -> list[int]:
    flat = [pid for name, pid in pids.items() if name != "workers" and pid]
    return [*flat, *pids["workers"]]


def test_the_line_says_everything_and_it_works(stack):
    assert set(stack.announced) == FIELDS
    assert answer(stack, "/readyz").status_code == 200
    for key in ("apiKey", "operatorKey", "adminKey"):
        assert answer(stack, "/api/jobs", stack[key]).status_code == 200
    assert answer(stack, "/api/jobs", "nw_wrong").status_code == 401
    with Redis.from_url(stack["redisUrl"]) as redis:
        assert redis.ping()


def test_the_web_role_is_held_back_by_row_security_and_the_owner_is_not(stack):
    for address, powerful in (("databaseUrl", True), ("webDatabaseUrl", False)):
        with psycopg.connect(stack[address]) as db:
            row = db.execute(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles"
                " WHERE rolname = current_user"
            ).fetchone()
        assert row == (powerful,)


def test_every_part_is_a_direct_child_of_the_supervisor(stack):
    for pid in every(stack.pids):
        stat = Path(f"/proc/{pid}/stat").read_text()
        assert int(stat.rpartition(")")[2].split()[1]) == stack.pid


def test_a_signal_to_the_supervisors_group_reaches_no_part_directly(stack):
    for pid in every(stack.pids):
        assert os.getpgid(pid) == pid


def test_a_second_system_on_the_same_folder_is_refused(stack):
    with pytest.raises(StackFailedError, match="already runs on"):
        Stack(stack.folder.path).start()


def test_a_further_user_gets_a_key_of_the_scope_asked_for(stack):
    data = ("--data", str(stack.folder.path))
    ada = json.loads(local("user", "ada", *data).stdout)
    root = json.loads(local("user", "root", "--operator", *data).stdout)

    assert set(ada) == {"userId", "apiKey"}
    assert answer(stack, "/api/failed-jobs", ada["apiKey"]).status_code == 403
    assert answer(stack, "/api/failed-jobs", root["apiKey"]).status_code == 200


def test_a_further_user_is_added_to_the_system_that_was_started_last(stack):
    assert set(json.loads(local("user", "eve").stdout)) == {"userId", "apiKey"}


def test_a_user_cannot_be_made_where_nothing_runs(tmp_path):
    refused = local("user", "ada", "--data", str(tmp_path))

    assert refused.returncode == 1
    assert "Nothing runs on" in refused.stderr


@pytest.mark.parametrize(
    "part", ["web", "keeper", "isolated", "postgres", "redis", "worker"]
)
def test_whatever_is_killed_runs_again(stack, part):
    def pid() -> int:
        return stack.pids["workers"][0] if part == "worker" else stack.pids[part]

    old = pid()
    os.kill(old, signal.SIGKILL)

    until(lambda: pid() != old and exists(pid()), 20)
    until(lambda: ready(stack), 30)


def ready(stack: Stack) -> bool:
    try:
        return answer(stack, "/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def test_a_halted_worker_does_not_hold_up_the_stop_and_keys_outlive_it(tmp_path):
    data = tmp_path / "data"
    with running(data, workers=1) as first:
        os.kill(first.pids["workers"][0], signal.SIGSTOP)
        key, parts = first["apiKey"], every(first.pids)

    assert not any(exists(pid) for pid in parts)

    with running(data, workers=1) as second:
        assert second["apiKey"] == key  # kept, not made anew
        assert answer(second, "/api/jobs", key).status_code == 200


def test_a_killed_supervisor_leaves_nothing_and_the_folder_starts_again(tmp_path):
    data = tmp_path / "data"
    first = Stack(data, workers=1).start()
    parts = every(first.pids)
    first.kill()

    until(lambda: not any(exists(pid) for pid in parts))

    with running(data, workers=1) as second:
        assert answer(second, "/api/jobs", second["apiKey"]).status_code == 200


def test_given_servers_are_used_and_left_running(servers, tmp_path):
    given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    with running(tmp_path / "up", workers=1, environment=given) as stack:
        assert stack.pids["postgres"] is None
        assert stack.pids["redis"] is None
        assert stack["databaseUrl"] == servers.database_url
        assert answer(stack, "/api/jobs", stack["apiKey"]).status_code == 200

    assert servers.postgres.part.alive
    assert servers.valkey.part.alive


def test_the_demo_audits_the_sample_page_without_a_terminal(tmp_path):
    shown = local("demo", "--data", str(tmp_path))

    assert shown.returncode == 0, shown.stderr
    assert "Score" in shown.stdout
    assert "critical" in shown.stdout


def test_a_demo_of_a_page_that_is_not_there_says_so(tmp_path):
    shown = local("demo", "http://127.0.0.1:1/", "--data", str(tmp_path))

    assert shown.returncode == 1
    assert "The demo failed." in shown.stderr
