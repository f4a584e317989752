"""An audit whose worker is killed in its third step."""

import os
import signal
import time
from pathlib import Path

from local.stack import running
from tests.chaos.client import Client
from tests.chaos.slow_site import serving
from tests.waiting import until


def test_an_audit_killed_in_its_third_step_ends_elsewhere_and_fetches_nothing_twice(
    tmp_path: Path,
) -> None:
    with (
        serving() as site,
        running(
            tmp_path, workers=1, environment={"NIGHTWORK_FETCH_ALLOW": site.host}
        ) as stack,
        Client(stack) as client,
    ):
        stack.start_part("isolated")
        asked = {"name": "slow", "url": f"http://{site.host}/"}
        answer = client.http.post("/api/build-sessions", json=asked)
        job_id = answer.json()["jobId"]
        until(lambda: site.asked["/slow.png"])
        assert client.finished_steps(job_id) == ["fetch", "stylesheets"]
        pid = client.worker_pid(job_id)
        assert pid is not None

        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()

        until(lambda: client.job(job_id)["attempt"] == 2)
        assert time.monotonic() - killed <= 10
        site.let_go.set()
        until(lambda: client.job(job_id)["finished"], 30)
        assert client.job(job_id)["state"] == "completed"
        assert (site.asked["/"], site.asked["/style.css"]) == (1, 1)
        session = client.http.get(answer.json()["resource"]["url"]).json()
        assert session["auditStatus"] == "completed"
