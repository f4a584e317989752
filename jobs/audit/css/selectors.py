"""CSS selectors as data, read from tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from tinycss2 import ast, nth  # type: ignore[import-untyped]

# A selector that is longer was made by a machine, or against one.
_LONGEST = 20
Specificity = tuple[int, int, int]
_GROUPS = frozenset({"is", "where", "matches", "-webkit-any"})


class UnsupportedError(ValueError):
    """A part that matches no element of a page at rest, such as `:hover`."""


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
