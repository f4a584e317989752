"""Matches selectors against elements, right to left, within a budget."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.audit.css.selectors import Compound, Selector
from jobs.audit.element import Element


class BudgetSpentError(Exception):
    """Matching took more comparisons than one page is worth."""


@dataclass(slots=True)
class Budget:
    """How many comparisons are left."""

    left: int

    def spend(self) -> None:
        """Take one; raises BudgetSpentError when none is left."""
        self.left -= 1
        if self.left < 0:
            raise BudgetSpentError


def matches(selector: Selector, element: Element, budget: Budget) -> bool:
    """Tell whether an element fits; raises BudgetSpentError on hostile pages."""
    return _matches_from(
        selector.compounds, len(selector.compounds) - 1, element, budget
    )


def _matches_from(
    compounds: Sequence[Compound], place: int, element: Element, budget: Budget
) -> bool:
    budget.spend()
    compound = compounds[place]
    if not _fits(compound, element, budget):
        return False
    if place == 0:
        return True
    return any(
        _matches_from(compounds, place - 1, candidate, budget)
        for candidate in _candidates(compound.combinator, element)
    )


def _candidates(combinator: str, element: Element) -> Iterator[Element]:
    """Walk the elements a combinator leads to; lazily, since matching may stop."""
    outer = element.parent
    if outer is None:
        return
    if combinator == ">":
        yield outer
    elif combinator == " ":
        yield from element.ancestors()
    else:
        nearest = element.position - 2
        farthest = nearest if combinator == "+" else 0
        for place in range(nearest, max(farthest, 0) - 1, -1):
            yield outer.children[place]


def _fits(compound: Compound, element: Element, budget: Budget) -> bool:
    return (
        (not compound.tag or compound.tag == element.tag)
        and (not compound.identity or compound.identity == element.get("id"))
        and (not compound.classes or set(compound.classes) <= element.classes)
        and all(_has(element, *wanted) for wanted in compound.attributes)
        and (not compound.root or element.parent is None)
        and (not compound.link or (element.tag == "a" and element.has("href")))
        and all(_stands(element, *wanted) for wanted in compound.positions)
        and not any(matches(inner, element, budget) for inner in compound.without)
        and all(
            any(matches(inner, element, budget) for inner in group)
            for group in compound.either
        )
    )


def _has(  # noqa: PLR0911 - one answer an operator
    element: Element, name: str, operator: str, value: str
) -> bool:
    if not element.has(name):
        return False
    actual = element.attributes[name]
    match operator:
        case "":
            return True
        case "=":
            return actual == value
        case "~=":
            return value in actual.split()
        case "|=":
            return actual == value or actual.startswith(value + "-")
        case "^=":
            return bool(value) and actual.startswith(value)
        case "$=":
            return bool(value) and actual.endswith(value)
        case "*=":
            return bool(value) and value in actual
        case _:
            return False


def _stands(element: Element, step: int, start: int, from_end: bool) -> bool:  # noqa: FBT001 - a stored part
    outer = element.parent
    if outer is None:
        return False
    place = element.position
    if from_end:
        place = len(outer.children) - place + 1
    if step == 0:
        return place == start
    return (place - start) % step == 0 and (place - start) // step >= 0
