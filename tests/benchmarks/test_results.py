"""The arithmetic between what is measured and what the table says."""

import pytest

from benchmarks.results import OURS, Bound, Figure, Row, table
from benchmarks.timing import p50_p99, rate


def a_row(
    *figures: Figure, bound: Bound, more_is_better: bool = True, stated: str = ""
) -> Row:
    return Row(
        name="row",
        title="things",
        unit="things/s",
        figures=figures,
        bounds=(bound,),
        more_is_better=more_is_better,
        stated=stated,
    )


def test_a_rate_leaves_out_the_first_tenth_of_the_batch() -> None:
    slow_start = [50.0, *(100 + place / 10 for place in range(9))]

    assert rate(slow_start) == pytest.approx(9 / 50.8)
    assert rate([*range(20)]) == pytest.approx(1.0)


def test_percentiles_are_given_in_milliseconds() -> None:
    assert p50_p99([number / 1000 for number in range(101)]) == pytest.approx((50, 99))


def test_a_figure_is_the_median_of_each_value_over_the_rounds() -> None:
    figure = Figure.of(OURS, [(1, 30), (9, 10), (5, 20)])

    assert figure.values == (5, 20)
    assert figure.rounds == ((1, 30), (9, 10), (5, 20))


@pytest.mark.parametrize(
    ("ours", "verdict"), [(80.0, "yes"), (79.0, "**no**")], ids=["met", "missed"]
)
def test_a_bound_that_is_a_multiple_of_a_peers_figure_is_judged_by_that_figure(
    ours: float, verdict: str
) -> None:
    bound = Bound("≥ 8 × DBOS", 8, times="DBOS")

    row = a_row(Figure(OURS, (ours,)), Figure("DBOS", (10.0,)), bound=bound)

    assert row.verdict == verdict


def test_a_bound_on_a_peer_that_was_left_out_is_not_judged() -> None:
    row = a_row(Figure(OURS, (80.0,)), bound=Bound("≥ 8 × DBOS", 8, times="DBOS"))

    assert row.verdict == "not judged"
    assert not row.is_missed


def test_a_ratio_above_one_means_better_whichever_way_is_better() -> None:
    ours, peer = Figure(OURS, (10.0,)), Figure("RQ", (5.0,))
    bound = Bound("≤ 20", 20, at_least=False)

    assert a_row(ours, peer, bound=bound).ratio(peer) == 2
    assert a_row(ours, peer, bound=bound, more_is_better=False).ratio(peer) == 0.5


def test_the_table_is_markdown_with_a_line_for_each_row() -> None:
    row = a_row(
        Figure(OURS, (1234.0,), note="fast"),
        Figure("RQ", (617.0,)),
        bound=Bound("≥ 500", 500),
        stated="others: unknown",
    )

    line = table([row]).splitlines()[2]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    peers = "RQ 617 (× 2.0); others: unknown"
    assert cells == ["things, things/s", "**1,234 (fast)**", peers, "≥ 500", "yes"]
