"""How a rule is written: a name, what it costs, words for people, two examples.

The examples are not decoration: the tests run every rule on both of its own, and
the page that documents the rules is compared with this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from jobs.audit.findings import Category, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.resources import Resource

Check = Callable[[Page], Hits]


class Needs(StrEnum):
    """What a rule looks at beside the markup; without it the rule is skipped."""

    MARKUP = "markup"
    RESPONSE = "response"
    RESOURCES = "resources"
    STYLES = "styles"


@dataclass(slots=True, frozen=True)
class Example:
    """A page in small: markup and how it was sent."""

    html: str = "<p>Hello."
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = "https://example.org/"
    css: str = ""
    resources: tuple[Resource, ...] = ()
    redirects: tuple[str, ...] = ()
    seconds: float = 0.1


@dataclass(slots=True, frozen=True)
class Rule:
    """One thing that can be wrong; `wcag` is the success criterion, or empty."""

    name: str
    category: Category
    severity: Severity
    wcag: str
    message: str
    fix: str
    fails: Example
    passes: Example
    needs: Needs
    check: Check

    def can_run(self, page: Page) -> bool:
        """Tell whether the page holds what the rule looks at."""
        match self.needs:
            case Needs.RESPONSE:
                return page.response is not None
            case Needs.RESOURCES:
                return page.resources is not None
            case Needs.STYLES:
                return page.styles is not None
            case Needs.MARKUP:
                return True


def rule(  # noqa: PLR0913 - a row of a table, named column by column
    name: str,
    category: Category,
    severity: Severity,
    *,
    message: str,
    fix: str,
    fails: str | Example,
    passes: str | Example,
    wcag: str = "",
    needs: Needs = Needs.MARKUP,
) -> Callable[[Check], Rule]:
    """Make a rule of a function that yields the places where it fails."""

    def make(check: Check) -> Rule:
        return Rule(
            name,
            category,
            severity,
            wcag,
            message,
            fix,
            _example(fails),
            _example(passes),
            needs,
            check,
        )

    return make


def _example(given: str | Example) -> Example:
    return Example(given) if isinstance(given, str) else given
