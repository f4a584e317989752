"""docs/audit.md says what the code does."""

import re
from pathlib import Path

import pytest

from jobs.audit import job
from jobs.audit.checking import LISTED
from jobs.audit.reading import MOST_TAGS
from jobs.audit.rules import RULES
from jobs.audit.rules.declare import Needs, Rule
from jobs.audit.scoring import OFTEN, SHARES, WEIGHTS

MANUAL = " ".join(Path("docs/audit.md").read_text(encoding="utf-8").split())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_in_the_manual_as_it_is_in_the_code(rule: Rule) -> None:
    needs = "" if rule.needs is Needs.MARKUP else rule.needs.value
    cells = [f"`{rule.name}`", rule.severity, rule.wcag, needs, rule.message]
    row = f"| {' | '.join(cells)} |"

    assert " ".join(row.split()) in MANUAL


def test_the_manual_holds_no_rule_that_is_gone() -> None:
    rows = re.findall(
        r"\| `([\w-]+)` \| (?:critical|serious|moderate|minor) \|", MANUAL
    )

    assert sorted(rows) == sorted(rule.name for rule in RULES)


def test_the_manual_shows_the_sums_that_are_made() -> None:
    for severity, share in SHARES.items():
        assert f"| {severity} | {share:.0%} |".replace("%", " %") in MANUAL
    for category, weight in WEIGHTS.items():
        name = "SEO" if category == "seo" else category.value
        assert f"{name} {weight}" in MANUAL
    assert f"{OFTEN[0][1]} times at {OFTEN[0][0]} or more" in MANUAL
    assert f"{OFTEN[1][1]} times when a rule fails at {OFTEN[1][0]} places" in MANUAL


def test_the_manual_names_every_step_and_limit() -> None:
    assert all(f"`{step}`" in MANUAL for step in job.audit.steps)
    assert f"more than {MOST_TAGS:,} tags" in MANUAL
    assert f"The first {LISTED} places" in MANUAL
