"""P6: a job that fails for good is found where operators look, and replayed."""

import httpx2
from redis import Redis
from rq import Queue
from rq.registry import FailedJobRegistry

from local.stack import Stack
from tests.chaos.client import Client
from tests.waiting import until


def _in_rqs_failed_registry(stack: Stack, job_id: str) -> bool:
    with Redis.from_url(stack["redisUrl"]) as redis:
        names = FailedJobRegistry("probe", connection=redis).get_job_ids(cleanup=False)
        assert Queue.all(connection=redis)
        return any(name.startswith(job_id) for name in names)


def _letter(client: Client, job_id: str) -> dict[str, object]:
    letters = client.http.get("/api/failed-jobs").json()["items"]
    return next(letter for letter in letters if letter["jobId"] == job_id)


def test_a_job_that_failed_for_good_is_seen_in_three_places_and_replayed_by_one_call(
    client: Client, stack: Stack
) -> None:
    job_id = client.submit(steps=3, failAt="step 2", failTimes=3)
    until(lambda: client.job(job_id)["state"] == "failed")

    rows = client.rows("SELECT * FROM failed_jobs WHERE job_id = %s", job_id)
    assert (rows[0].failed_step, rows[0].retry_count) == ("step 2", 2)
    letter = _letter(client, job_id)
    until(lambda: _in_rqs_failed_registry(stack, job_id))

    answer: httpx2.Response = client.http.post(
        f"/api/failed-jobs/{letter['id']}/replay"
    )
    assert answer.status_code == 202
    until(lambda: client.job(job_id)["state"] == "completed")
    steps = {step["name"]: step["tries"] for step in client.job(job_id)["steps"]}
    assert steps == {"step 1": 1, "step 2": 4, "step 3": 1}
    until(lambda: not _in_rqs_failed_registry(stack, job_id))
