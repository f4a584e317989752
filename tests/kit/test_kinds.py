"""What can't work is refused: a job kind when declared, a payload at the door."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pydantic import ValidationError

from jobs.kit import Access, Context, catalogue, job
from jobs.kit.kinds import QUEUES, KindError
from tests.kinds import Order, a_kind


@dataclass(frozen=True)
class Line:
    url: str


@dataclass(frozen=True)
class Basket:
    lines: list[Line]


def test_two_kinds_of_one_name_are_refused():
    a_kind(lambda *_: None, "test.twice")

    with pytest.raises(KindError, match=re.escape("two job kinds are named")):
        a_kind(lambda *_: None, "test.twice")


def test_a_queue_that_nobody_serves_is_refused():
    with pytest.raises(KindError, match="no queue 'attic'; one of audit"):
        a_kind(lambda *_: None, queue="attic")


@pytest.mark.parametrize("limit", [timedelta(0), timedelta(seconds=-1)])
def test_a_kind_that_has_no_time_is_refused(limit):
    with pytest.raises(KindError, match="timeout must be positive"):
        a_kind(lambda *_: None, timeout=limit)


def no_types(ctx, args):
    """Says nothing of its payload."""


def one_parameter(ctx: Context) -> None:
    """Takes no payload."""


def three_parameters(ctx: Context, args: Order, more: int) -> None:
    """Takes more than a payload."""


@pytest.mark.parametrize("run", [no_types, one_parameter, three_parameters])
def test_a_function_of_another_shape_is_refused_with_the_right_one(run):
    with pytest.raises(KindError, match="ctx: Context, args: Payload"):
        job("test.shape", queue="probe")(run)


def test_a_refused_kind_leaves_nothing_behind():
    with pytest.raises(KindError):
        a_kind(lambda *_: None, "test.refused", queue="attic")

    assert "test.refused" not in catalogue()


def test_the_catalogue_finds_kinds_that_nobody_imported():
    assert "probe" in catalogue()
    assert all(kind.queue in QUEUES for kind in catalogue().values())


def test_a_payload_is_checked_and_completed_at_the_door():
    kind = a_kind(lambda *_: None)

    assert kind.accept({"pages": 5}) == {"pages": 5, "api_key": ""}
    assert kind.read({"pages": 5}) == Order(pages=5)


@pytest.mark.parametrize(
    "payload",
    [
        {"pages": "many"},
        {"pages": "5"},
        {"pages": True},
        {"pages": 1.5},
        {"page": 5},
        {"pages": None},
        [],
        "text",
        None,
    ],
)
def test_a_payload_that_does_not_fit_is_refused(payload):
    with pytest.raises(ValidationError):
        a_kind(lambda *_: None).accept(payload)


def test_a_misspelt_field_is_refused_at_any_depth():
    @job("test.basket", queue="probe")
    def basket(ctx: Context, args: Basket) -> None:
        """Takes lines."""

    assert basket.accept({"lines": [{"url": "x"}]})
    with pytest.raises(ValidationError):
        basket.accept({"lines": [{"url": "x", "uri": "y"}]})


def test_a_kind_stays_callable_as_the_plain_function_it_is():
    kind = a_kind(lambda _, args: args.pages + 1)

    assert kind(None, Order(pages=1)) == 2


def test_the_queue_is_chosen_by_the_payload():
    heavy = a_kind(lambda *_: None, isolated=lambda args: args.pages > 9)

    assert heavy.queue_for({"pages": 9}) == "probe"
    assert heavy.queue_for({"pages": 10}) == "probe-isolated"
    assert a_kind(lambda *_: None, "test.alone", isolated=True).queue_for({}) == (
        "probe-isolated"
    )


def test_a_dedupe_key_comes_from_the_payload():
    kind = a_kind(lambda *_: None, dedupe=lambda args: f"pages-{args.pages}")

    assert kind.dedupe({"pages": 4}) == "pages-4"
    assert a_kind(lambda *_: None, "test.plain").dedupe({}) is None


def test_a_failure_handler_is_a_kind_of_its_own_that_nobody_starts_from_outside():
    kind = a_kind(lambda *_: None, access=Access.PUBLIC)

    @kind.on_failure
    def apologise(ctx: Context, args: Order) -> None:
        """Say sorry."""

    assert catalogue()["test.order.failed"] is kind.failure is apologise
    assert apologise.access is Access.INTERNAL
    assert apologise.accept({"pages": 2})["pages"] == 2


def test_a_kind_is_for_operators_unless_it_says_otherwise():
    assert a_kind(lambda *_: None).access is Access.OPERATOR


def test_a_payload_is_described_for_the_api():
    schema = a_kind(lambda *_: None).payload_schema()

    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {"pages", "api_key"}
