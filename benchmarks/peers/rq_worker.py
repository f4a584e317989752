"""`python -m benchmarks.peers.rq_worker fork | simple`: RQ's own worker, as it is."""

import os
import sys

from redis import Redis
from rq import SimpleWorker, Worker

# In the parent, as RQ's documentation advises: forks need not import it again.
import benchmarks.peers.rq_jobs  # noqa: F401 - named by the jobs in the queue

QUEUE = "bench"
KINDS = {"fork": Worker, "simple": SimpleWorker}


def main() -> None:
    """Work until SIGTERM; quiet, for RQ logs several lines a job otherwise."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    KINDS[sys.argv[1]]([QUEUE], connection=redis).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
