"""The embedded servers keep what they took, whoever kills them."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from local.folder import FolderInUseError
from local.identity import nobody
from local.part import PartFailedError
from local.servers import Servers, running, start
from tests.waiting import exists, until


def query(servers: Servers, statement: bytes) -> object:
    with psycopg.connect(servers.database_url) as db:
        row = db.execute(statement).fetchone()
    return row and row[0]


def remember(servers: Servers) -> None:
    with psycopg.connect(servers.database_url) as db:
        db.execute("CREATE TABLE kept (number int)")
        db.execute("INSERT INTO kept SELECT generate_series(1, 10)")
    with Redis.from_url(servers.redis_url) as redis:
        redis.set("kept", "10")


def remembers(servers: Servers) -> bool:
    with Redis.from_url(servers.redis_url) as redis:
        kept = redis.get("kept")
    return query(servers, b"SELECT count(*) FROM kept") == 10 and kept == b"10"


def test_data_outlives_a_stop_and_a_start_on_the_same_folder(tmp_path):
    with running(tmp_path / "data") as first:
        remember(first)

    with running(tmp_path / "data") as second:
        assert remembers(second)


def test_postgres_killed_with_sigkill_comes_back_with_every_commit(servers):
    remember(servers)
    address = servers.database_url

    servers.kill_postgres()
    servers.restart_postgres()

    assert servers.database_url == address
    assert remembers(servers)


def test_valkey_killed_with_sigkill_comes_back_with_what_was_synced(servers):
    remember(servers)
    with Redis.from_url(servers.redis_url) as redis:
        redis.waitaof(1, 0, 5000)

    servers.kill_valkey()
    servers.restart_valkey()

    assert remembers(servers)


def test_an_open_connection_does_not_hold_up_the_stop(tmp_path):
    servers = start(tmp_path / "data")
    with psycopg.connect(servers.database_url):
        servers.stop()

    assert not servers.postgres.part.alive
    assert servers.postgres.part.exit_code == 0


def test_the_kernel_ends_both_servers_when_their_starter_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from local.servers import start\n"
        "s = start(Path(sys.argv[1]))\n"
        "print(s.postgres.part.pid, s.valkey.part.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "data"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    ) as starter:
        assert starter.stdout is not None
        pids = [int(pid) for pid in starter.stdout.readline().split()]
        starter.kill()

    assert len(pids) == 2
    until(lambda: not any(exists(pid) for pid in pids))


def test_a_server_orphaned_by_an_earlier_run_is_ended_before_the_next_starts(tmp_path):
    servers = start(tmp_path / "data")
    remember(servers)
    orphans = servers.postgres.part.pid, servers.valkey.part.pid
    servers._resources.close()  # the folder's owner is gone, its servers are not

    with running(tmp_path / "data") as later:
        assert not any(exists(pid) for pid in orphans)
        assert remembers(later)
    servers.stop()


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_start(tmp_path):
    with running(tmp_path / "data") as first:
        pidfile = first.postgres.data / "postmaster.pid"
    pidfile.write_text(f"{os.getpid()}\n{pidfile.parent}\n1\n5432\n\n127.0.0.1\n")

    with running(tmp_path / "data") as second:
        assert query(second, b"SELECT 1") == 1


def test_two_owners_never_share_a_folder(servers):
    with pytest.raises(FolderInUseError, match="already runs"):
        start(servers.folder.path)


def test_nobody_enters_without_a_password(servers):
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host="127.0.0.1", port=servers.postgres.port, user="nightwork")
    with Redis(port=servers.valkey.port) as redis, pytest.raises(AuthenticationError):
        redis.ping()


def test_passwords_are_readable_by_the_owner_alone(servers):
    for name in ("secrets.json", "valkey.conf"):
        mode = (servers.folder.path / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def test_durability_is_not_traded_for_speed(servers):
    assert query(servers, b"SHOW fsync") == "on"
    assert query(servers, b"SHOW synchronous_commit") == "on"
    with Redis.from_url(servers.redis_url) as redis:
        assert redis.config_get("appendonly") == {"appendonly": "yes"}
        assert redis.config_get("maxmemory-policy") == {
            "maxmemory-policy": "noeviction"
        }


def test_a_server_that_cannot_start_says_why(tmp_path):
    with running(tmp_path / "data") as servers:
        version = servers.postgres.data / "PG_VERSION"
    version.write_text("9\n")

    with pytest.raises(PartFailedError, match="initialized by PostgreSQL version 9"):
        start(tmp_path / "data")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
def test_root_without_user_namespaces_runs_postgres_as_nobody(tmp_path):
    with running(tmp_path / "data", nobody()) as servers:
        owner = Path(f"/proc/{servers.postgres.part.pid}").stat().st_uid
        remember(servers)

        assert owner != 0
        assert remembers(servers)
    shutil.rmtree(servers.postgres.data.parent)  # outside of tmp_path
