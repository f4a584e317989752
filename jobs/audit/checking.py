"""Runs the rules of one category over a page and writes their findings."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, placed
from jobs.audit.page import Page
from jobs.audit.rules import rules_of
from jobs.audit.rules.declare import Rule

# Of each rule: the first places are listed, the others counted.
LISTED = 20
_COUNTED = 10_000


@dataclass(slots=True, frozen=True)
class Report:
    """What one category's rules found; `counts` is by rule, and only what failed."""

    category: Category
    findings: list[dict[str, Any]]
    counts: dict[str, int]
    skipped: list[str]

    def as_json(self) -> dict[str, Any]:
        """Write it as a step's result."""
        return {
            "category": self.category.value,
            "findings": self.findings,
            "counts": self.counts,
            "skipped": self.skipped,
        }


def check(page: Page, category: Category) -> Report:
    """Run every rule of a category that can run on this page."""
    report = Report(category, [], {}, [])
    for rule in rules_of(category):
        if not rule.can_run(page):
            report.skipped.append(rule.name)
            continue
        count, listed = run_rule(rule, page)
        if count:
            report.counts[rule.name] = count
            report.findings.extend(listed)
    return report


def run_rule(rule: Rule, page: Page) -> tuple[int, list[dict[str, Any]]]:
    """Run one rule: how often it fails, and the first places as findings."""
    hits = list(islice(rule.check(page), _COUNTED))
    return len(hits), [_finding(rule, hit, len(hits)) for hit in hits[:LISTED]]


def _finding(rule: Rule, hit: Element | Hit, count: int) -> dict[str, Any]:
    place = placed(hit)
    note = place.pop("note")
    return {
        "rule": rule.name,
        "category": rule.category.value,
        "severity": rule.severity.value,
        "wcag": rule.wcag or None,
        "message": f"{rule.message} {note}".strip(),
        "fix": rule.fix,
        "occurrences": count,
        **place,
    }
