"""From counts of failures to scores of 0 to 100; `docs/audit.md` shows the sums.

Every failing rule takes a share of what is left of its category, by severity and
by how often it fails, so the order does not matter and no score falls below 0.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.audit.findings import Category, Severity
from jobs.audit.rules import RULES, rules_of

SHARES = {
    Severity.CRITICAL: 0.25,
    Severity.SERIOUS: 0.12,
    Severity.MODERATE: 0.05,
    Severity.MINOR: 0.02,
}
# Failing at least so often takes so much more.
OFTEN = ((10, 1.5), (2, 1.25), (1, 1.0))
WEIGHTS = {
    Category.ACCESSIBILITY: 30,
    Category.PERFORMANCE: 20,
    Category.SECURITY: 15,
    Category.SEO: 15,
    Category.CONTENT: 10,
    Category.DESIGN: 10,
}
_SEVERITIES = {rule.name: rule.severity for rule in RULES}


def score_category(
    category: Category, counts: Mapping[str, int], skipped: Iterable[str] = ()
) -> int | None:
    """Score one category; None when less than half of its rules could run."""
    rules = len(rules_of(category))
    if len(list(skipped)) * 2 > rules:
        return None
    left = 100.0
    for name, count in sorted(counts.items()):
        left *= 1 - share(_SEVERITIES[name], count)
    return int(left + 0.5)


def share(severity: Severity, count: int) -> float:
    """Compute what a rule takes that fails so often."""
    factor = next((factor for least, factor in OFTEN if count >= least), 0.0)
    return SHARES[severity] * factor


def score_overall(scores: Mapping[str, int | None]) -> int:
    """Average the categories that have a score, by weight."""
    known = [
        (WEIGHTS[Category(name)], score)
        for name, score in scores.items()
        if score is not None
    ]
    total = sum(weight for weight, _ in known)
    return int(sum(weight * score for weight, score in known) / total + 0.5)


def score(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Score all categories: `{score, scores: {category: 0–100 or None}}`."""
    scores = {
        report["category"]: score_category(
            Category(report["category"]), report["counts"], report["skipped"]
        )
        for report in reports
    }
    return {"score": score_overall(scores), "scores": scores}
