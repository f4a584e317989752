"""Scores follow the documented sums, whatever the order."""

from typing import Any

import pytest

from jobs.audit.findings import Category, Severity
from jobs.audit.rules import rules_of
from jobs.audit.scoring import score, score_category, score_overall, share

A11Y = Category.ACCESSIBILITY


def test_a_category_without_failures_has_a_hundred() -> None:
    assert score_category(A11Y, {}) == 100


def test_the_example_of_the_manual_is_right() -> None:
    assert score_category(A11Y, {"image-alt": 3, "link-purpose": 1}) == 65


def test_the_order_of_failures_does_not_change_a_score() -> None:
    counts = {"image-alt": 3, "contrast": 12, "link-name": 1, "id-twice": 2}
    backwards = dict(reversed(counts.items()))

    assert score_category(A11Y, counts) == score_category(A11Y, backwards)


def test_a_page_that_fails_every_rule_stays_within_the_scale() -> None:
    for category in Category:
        counts = {rule.name: 10_000 for rule in rules_of(category)}
        assert 0 <= (score_category(category, counts) or 0) < 40


@pytest.mark.parametrize(("count", "factor"), [(1, 1), (2, 1.25), (9, 1.25), (10, 1.5)])
def test_failing_often_takes_more(count: int, factor: float) -> None:
    assert share(Severity.SERIOUS, count) == pytest.approx(0.12 * factor)


def test_a_category_that_could_hardly_run_has_no_score() -> None:
    names = [rule.name for rule in rules_of(Category.SECURITY)]

    assert score_category(Category.SECURITY, {}, names[: len(names) // 2]) == 100
    assert score_category(Category.SECURITY, {}, names[: len(names) // 2 + 1]) is None


def test_the_weights_of_missing_categories_fall_to_the_others() -> None:
    assert score_overall({"accessibility": 50, "security": None, "design": 90}) == 60


def test_a_page_is_scored_by_the_reports_of_its_categories() -> None:
    reports: list[dict[str, Any]] = [
        {"category": one.value, "counts": {}, "skipped": []} for one in Category
    ]
    reports[0]["counts"] = {"image-alt": 1}

    assert score(reports) == {
        "score": 93,
        "scores": {one.value: 100 for one in Category} | {"accessibility": 75},
    }
