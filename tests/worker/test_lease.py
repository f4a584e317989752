"""A lease brings back who must stop, and takes jobs from whoever is too slow."""

from copy import copy
from threading import Event, Thread

import pytest

from jobs.kit import Ask, InDoubt
from jobs.kit.retry import NEVER
from models import leases, transitions
from models.database import make_engine
from models.states import State
from tests.factories import alter, claimed, row, state, steps_of
from tests.kinds import LATER, a_kind
from tests.waiting import until
from worker.desk import Desk
from worker.lease import Lease


@pytest.fixture
def lease(engine):
    desk = Desk()
    lease = Lease(desk, "threads", ["probe"], 4, "here")
    lease.register()
    yield lease
    lease._engine.dispose()


def seated(lease, hand, **policy):
    """An attempt at the lease's desk."""
    kind = a_kind(lambda *_: None, **policy)
    claim = claimed(hand.db, hand.submit(kind), lease.worker_id)
    return lease._desk.seat(claim, kind)


def test_a_renewal_brings_back_who_asked_to_stop(lease, hand):
    with seated(lease, hand) as seat:
        lease._renew()
        assert not seat.signals.cancelling

        transitions.cancel(hand.db, seat.claimed.held.job_id)
        lease._renew()

        assert seat.signals.cancelling


def test_a_renewal_tells_an_attempt_that_its_job_was_taken(lease, hand):
    with seated(lease, hand) as seat:
        transitions.hand_over(hand.db, seat.claimed.held)
        lease._renew()

        assert seat.signals.lost


def test_a_renewal_proves_from_when_it_began(lease, hand):
    with seated(lease, hand) as seat:
        seat.signals.proved_at = 0
        lease._renew()

        assert seat.signals.proved_at > 0


def test_a_worker_given_up_for_dead_abandons_all_and_starts_over(owner, lease, hand):
    with seated(lease, hand) as seat:
        dead = lease.worker_id
        alter(owner, "workers", "dead_at = now()", id=dead)
        lease._renew()

        assert seat.signals.lost
    assert lease.worker_id != dead
    assert leases.renew(hand.db, lease.worker_id) is False


def test_a_claim_whose_answer_was_lost_is_handed_back(owner, lease, hand):
    stray = claimed(hand.db, hand.submit("probe"), lease.worker_id).held

    lease._renew()
    assert state(owner, stray.job_id) is State.RUNNING
    lease._renew()

    assert state(owner, stray.job_id) is State.PENDING
    assert row(owner, stray.job_id).deaths == 0


def test_what_sits_at_the_desk_is_no_stray(owner, lease, hand):
    with seated(lease, hand) as seat:
        for _ in range(3):
            lease._renew()

        assert state(owner, seat.claimed.held.job_id) is State.RUNNING


def test_a_lease_that_ends_frees_what_is_held(lease, hand):
    with seated(lease, hand) as seat:
        lease.end()

        assert transitions.rescue(hand.db, batch=9) == [seat.claimed.held.job_id]


def test_a_drain_order_reaches_the_worker(lease, hand):
    told = Event()
    lease.on_drain = told.set
    leases.drain(hand.db, lease.worker_id)

    lease._renew()

    assert told.is_set()


def test_a_worker_with_more_than_a_quarter_of_its_slots_hung_drains(lease, hand):
    told = Event()
    lease.on_drain = told.set
    with seated(lease, hand) as first, seated(lease, hand, name="other") as second:
        lease._desk.give_up(first)
        lease._renew()
        assert not told.is_set()

        lease._desk.give_up(second)
        lease._renew()

        assert told.is_set()


@pytest.fixture
def stuck(lease, hand):
    """Runs jobs on a thread, and lets them go when the test is over."""
    release = Event()
    threads = []

    def start(kind):
        hand.desk, hand.worker_id = lease._desk, lease.worker_id
        job_id = hand.submit(kind)
        deliver(job_id)
        return job_id

    def deliver(job_id):
        threads.append(Thread(target=hand.deliver, args=(job_id,)))
        threads[-1].start()

    start.release = release
    start.again = deliver
    yield start
    release.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def overrun(lease, seconds=10):
    def look():
        lease._take_back_overrun()
        return lease._desk.hung

    until(look, seconds)


def test_a_step_over_its_time_limit_is_taken_from_its_thread(
    owner, lease, stuck, soon, calls
):
    def body(ctx, args):
        ctx.step("hang", stuck.release.wait, 20, timeout=soon)
        ctx.step("after", calls.note, "after")

    job_id = stuck(a_kind(body, retry=LATER))
    overrun(lease)

    assert state(owner, job_id) is State.WAITING
    step = steps_of(owner, job_id)["hang"]
    assert (step.state, step.failures) == ("retrying", 1)
    assert "took longer than 0.2 s" in step.error
    stuck.release.set()
    until(lambda: lease._desk.hung == 0)
    assert calls == []
    assert steps_of(owner, job_id)["hang"].state == "retrying"


def test_a_job_over_its_time_limit_is_taken_from_its_thread(owner, lease, stuck, soon):
    def body(ctx, args):
        stuck.release.wait(20)

    job_id = stuck(a_kind(body, timeout=soon, retry=LATER))
    overrun(lease)

    kept = row(owner, job_id)
    assert (kept.state, kept.reason, kept.failures) == ("waiting", "backoff", 1)


def test_an_effect_over_its_time_limit_stays_in_doubt(owner, lease, stuck, soon):
    def body(ctx, args):
        ctx.step(
            "pay",
            stuck.release.wait,
            20,
            timeout=soon,
            effect="pay.charge",
            in_doubt=InDoubt.HOLD,
        )

    job_id = stuck(a_kind(body))
    overrun(lease)

    assert steps_of(owner, job_id)["pay"].state == "started"
    stuck.release.set()


def test_a_question_that_hangs_when_the_tries_are_used_up_is_for_an_operator(
    owner, lease, hand, stuck, soon
):
    def body(ctx, args):
        ctx.step(
            "pay",
            stuck.release.wait,
            20,
            timeout=soon,
            effect="pay.charge",
            in_doubt=Ask(lambda: stuck.release.wait(20) and None),
        )

    job_id = stuck(a_kind(body, retry=NEVER))
    overrun(lease)
    assert steps_of(owner, job_id)["pay"].state == "started"
    stuck.release.set()
    until(lambda: lease._desk.hung == 0)
    stuck.release.clear()
    hand.wake(job_id)

    stuck.again(job_id)
    overrun(lease)

    kept = row(owner, job_id)
    assert (kept.state, kept.reason) == ("waiting", "hold")
    assert steps_of(owner, job_id)["pay"].state == "held"


def test_an_attempt_that_ended_just_now_does_not_count_as_hung(lease, hand):
    with seated(lease, hand) as seat:
        pass

    lease._desk.give_up(seat)

    assert lease._desk.hung == 0


def test_an_overrun_that_cannot_be_recorded_keeps_no_other_from_its_time(
    owner, lease, hand
):
    with seated(lease, hand) as late:
        broken = copy(late)
        broken.claimed = claimed(hand.db, hand.submit("probe"), lease.worker_id)
        # Nothing can be drawn from a policy that is not there.
        broken.kind = copy(late.kind)
        broken.kind.retry = None
        lease._desk._seats.add(broken)
        broken.since = late.since = -1e9

        lease._take_back_overrun()

        assert late.signals.lost
        assert state(owner, late.claimed.held.job_id) is not State.RUNNING
        assert state(owner, broken.claimed.held.job_id) is State.RUNNING


def test_a_lease_ends_also_while_the_database_is_away(lease, monkeypatch):
    nowhere = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/x", pool_size=1)
    monkeypatch.setattr(lease, "_autocommit", nowhere)

    lease.drain()
    lease.end()

    assert lease._ended.is_set()
