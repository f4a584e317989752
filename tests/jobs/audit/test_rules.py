"""Each rule fails on its failing example and passes on its passing one."""

import re

import pytest

from jobs.audit.checking import run_rule
from jobs.audit.findings import Category
from jobs.audit.rules import RULES
from jobs.audit.rules.declare import Rule
from tests.jobs.audit.pages import page_of

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@every_rule
def test_a_rule_finds_something_in_its_failing_example(rule: Rule) -> None:
    page = page_of(rule.fails)

    count, findings = run_rule(rule, page)

    assert rule.can_run(page)
    assert count >= 1
    assert findings[0]["rule"] == rule.name


@every_rule
def test_a_rule_finds_nothing_in_its_passing_example(rule: Rule) -> None:
    page = page_of(rule.passes)

    assert rule.can_run(page)
    assert run_rule(rule, page) == (0, [])


@every_rule
def test_a_rule_says_what_is_wrong_and_how_to_fix_it_in_sentences(rule: Rule) -> None:
    for text in (rule.message, rule.fix):
        assert text[0].isupper()
        assert text.rstrip("”)").endswith((".", "?"))


@every_rule
def test_only_accessibility_rules_name_a_success_criterion(rule: Rule) -> None:
    assert not rule.wcag or rule.category is Category.ACCESSIBILITY
    assert not rule.wcag or re.fullmatch(r"[1-4]\.[1-5]\.\d{1,2}", rule.wcag)


def test_there_are_far_more_than_sixty_rules_and_each_has_its_own_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES) > 150
