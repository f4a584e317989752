"""CSS selectors: read once, then matched against elements, right to left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tinycss2 import ast, nth  # type: ignore[import-untyped]

from jobs.audit.element import Element

# A selector that is longer was made by a machine, or against one.
_LONGEST = 20
Specificity = tuple[int, int, int]
_GROUPS = frozenset({"is", "where", "matches", "-webkit-any"})


class UnsupportedError(ValueError):
    """A part that matches no element of a page at rest, such as `:hover`."""


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


@dataclass(slots=True)
class Compound:
    """What one element must be: `a.button[href]:first-child`."""

    tag: str = ""
    identity: str = ""
    classes: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    positions: list[tuple[int, int, bool]] = field(default_factory=list)
    without: list["Selector"] = field(default_factory=list)
    either: list[tuple["Selector", ...]] = field(default_factory=list)
    root: bool = False
    link: bool = False
    combinator: Literal["", " ", ">", "+", "~"] = ""


@dataclass(slots=True, frozen=True)
class Selector:
    """Compounds from the outermost to the subject; each names how it is joined."""

    compounds: tuple[Compound, ...]
    specificity: Specificity

    @property
    def subject(self) -> Compound:
        """The compound the element itself must fit."""
        return self.compounds[-1]


def read_selectors(prelude: Sequence[ast.Node]) -> tuple[Selector, ...]:
    """Read a selector list; those that cannot match a page at rest are left out."""
    found = []
    for tokens in _split(prelude):
        try:
            found.append(_read_one(tokens))
        except UnsupportedError:
            continue
    return tuple(found)


def _split(tokens: Sequence[ast.Node]) -> list[list[ast.Node]]:
    groups: list[list[ast.Node]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            groups.append([])
        elif token.type != "comment":
            groups[-1].append(token)
    return [group for group in groups if group]


def _read_one(tokens: Sequence[ast.Node]) -> Selector:
    compounds: list[Compound] = []
    weight = [0, 0, 0]
    current: Compound | None = None
    joint: str = ""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.type == "whitespace":
            joint = joint or " "
        elif token.type == "literal" and token.value in {">", "+", "~"}:
            joint = token.value
        else:
            if current is None or joint:
                current = Compound(combinator=_joint(joint) if current else "")
                compounds.append(current)
                joint = ""
            place = _read_part(tokens, place, current, weight)
        place += 1
    if not compounds or len(compounds) > _LONGEST:
        raise UnsupportedError
    return Selector(tuple(compounds), (weight[0], weight[1], weight[2]))


def _joint(value: str) -> Literal["", " ", ">", "+", "~"]:
    match value:
        case ">" | "+" | "~":
            return value
        case _:
            return " "


def _read_part(
    tokens: Sequence[ast.Node], place: int, compound: Compound, weight: list[int]
) -> int:
    """Read the part at a place; return the place of its last token."""
    token = tokens[place]
    if token.type == "ident":
        compound.tag = token.lower_value
        weight[2] += 1
    elif token.type == "hash":
        compound.identity = token.value
        weight[0] += 1
    elif token.type == "[] block":
        compound.attributes.append(_read_attribute(token.content))
        weight[1] += 1
    elif token.type == "literal" and token.value == "*":
        pass
    elif token.type == "literal" and token.value == ".":
        compound.classes.append(_name_after(tokens, place))
        weight[1] += 1
        return place + 1
    elif token.type == "literal" and token.value == ":" and place + 1 < len(tokens):
        _read_pseudo(tokens[place + 1], compound, weight)
        return place + 1
    else:
        raise UnsupportedError
    return place


def _name_after(tokens: Sequence[ast.Node], place: int) -> str:
    if place + 1 >= len(tokens) or tokens[place + 1].type != "ident":
        raise UnsupportedError
    return str(tokens[place + 1].value)


def _read_attribute(content: Sequence[ast.Node]) -> tuple[str, str, str]:
    parts = [token for token in content if token.type != "whitespace"]
    if not parts or parts[0].type != "ident":
        raise UnsupportedError
    operator, value = "", ""
    for token in parts[1:]:
        if token.type == "literal":
            operator += token.value
        elif token.type in {"ident", "string"} and not value:
            value = token.value
    return parts[0].lower_value, operator, value


def _read_pseudo(token: ast.Node, compound: Compound, weight: list[int]) -> None:
    if token.type == "ident":
        _read_plain_pseudo(token.lower_value, compound)
        weight[1] += 1
    elif token.type == "function":
        _read_function(token, compound, weight)
    else:
        raise UnsupportedError


def _read_plain_pseudo(name: str, compound: Compound) -> None:
    match name:
        case "link" | "any-link":
            compound.link = True
        case "root":
            compound.root = True
        case "first-child":
            compound.positions.append((0, 1, False))
        case "last-child":
            compound.positions.append((0, 1, True))
        case "only-child":
            compound.positions.extend(((0, 1, False), (0, 1, True)))
        case _:
            raise UnsupportedError


def _read_function(token: ast.Node, compound: Compound, weight: list[int]) -> None:
    name = token.lower_name
    if name in {"nth-child", "nth-last-child"}:
        formula = nth.parse_nth(token.arguments)
        if formula is None:
            raise UnsupportedError
        compound.positions.append((*formula, name == "nth-last-child"))
        weight[1] += 1
        return
    inner = read_selectors(token.arguments)
    if name == "not" and len(inner) == len(_split(token.arguments)):
        compound.without.extend(inner)
    elif name in _GROUPS:
        compound.either.append(inner)
    else:
        raise UnsupportedError
    if name != "where" and inner:
        heaviest = max(selector.specificity for selector in inner)
        weight[:] = [old + more for old, more in zip(weight, heaviest, strict=True)]


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
