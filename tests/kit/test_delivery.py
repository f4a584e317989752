"""What a push decides, on an in-process Redis; order and loss are seen elsewhere."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from fakeredis import FakeStrictRedis

from jobs.kit import delivery
from models.deliveries import Due
from models.states import Priority

QUEUE = "rq:queue:probe"


@pytest.fixture
def redis():
    with FakeStrictRedis() as fake:
        yield fake


def due(*, attempt=0, priority=Priority.NORMAL, number=1, job_id: UUID | None = None):
    now = datetime.now(UTC)
    job_id = job_id or uuid4()
    return Due(job_id, "probe", "probe", priority.rank, number, attempt, now)


def push_directly(redis):
    return delivery._push(
        redis, uuid4(), "probe", "probe", 1, direct=True, at_front=False
    )


def listed(redis):
    return [name.decode() for name in redis.lrange(QUEUE, 0, -1)]


def test_the_same_delivery_is_pushed_once(redis):
    one = due()

    delivery.push_all(redis, [one, one])
    delivery.push_all(redis, [one])

    assert listed(redis) == [delivery.rq_id(one.id, 1)]


def test_jobs_that_were_begun_and_urgent_ones_go_to_the_front(redis):
    plain, urgent, begun = due(), due(priority=Priority.HIGH), due(attempt=1)

    delivery.push_all(redis, [plain, urgent, begun])

    assert listed(redis) == [
        delivery.rq_id(each.id, 1) for each in (begun, urgent, plain)
    ]


@pytest.mark.parametrize(
    ("slots", "standing", "backlog", "taken"),
    [(2, 0, False, 1), (2, 1, False, 1), (2, 2, False, 0), (2, 0, True, 0)],
)
def test_a_new_job_goes_out_at_once_only_where_it_overtakes_nobody(
    redis, slots, standing, backlog, taken
):
    delivery.push_all(redis, [due() for _ in range(standing)])
    delivery.announce(redis, {"probe": slots}, ["probe"] if backlog else [])

    assert push_directly(redis) == taken

    assert len(listed(redis)) == standing + taken
    # Whoever is refused asks the relay to look, once.
    assert redis.llen(delivery.WAKE) == 1 - taken
