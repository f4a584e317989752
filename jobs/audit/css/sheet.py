"""A stylesheet as data: its rules, where each stands, and what is broken in it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import tinycss2  # type: ignore[import-untyped]
from tinycss2 import ast

from jobs.audit.css.media import applies_to_screen
from jobs.audit.css.selectors import Selector, read_selectors

# The serialiser calls itself; nobody nests brackets this deep by hand.
_DEEPEST = 100
_LONGEST_PRELUDE = 500
# Rules in rules; each level makes the selectors of those inside longer.
_DEEPEST_NESTING = 5
_BRACKETS = re.compile(r"[(\[{}\])]")
_GROUPS = frozenset({"media", "supports", "layer", "container", "scope"})


@dataclass(slots=True, frozen=True)
class Declaration:
    """`name: value`, and where it stands in its stylesheet (from 1)."""

    name: str
    value: str
    important: bool
    line: int
    column: int


@dataclass(slots=True, frozen=True)
class StyleRule:
    """Selectors and what they declare; `active` on the screen an audit assumes."""

    prelude: str
    selectors: tuple[Selector, ...]
    declarations: tuple[Declaration, ...]
    active: bool
    line: int
    column: int
    nests: bool = False


@dataclass(slots=True, frozen=True)
class _Where:
    """What is around a rule: lines before, the rule it is nested in, its media."""

    shift: int
    active: bool
    above: str = ""
    depth: int = 0


@dataclass(slots=True)
class Sheet:
    """One stylesheet; `url` is empty for a style element of the page itself."""

    source: str
    url: str = ""
    rules: list[StyleRule] = field(default_factory=list)
    faces: list[StyleRule] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    errors: list[tuple[str, int, int]] = field(default_factory=list)

    def declarations(self) -> Iterator[tuple[StyleRule, Declaration]]:
        """Walk all declarations with the rule each belongs to."""
        for rule in self.rules:
            for declaration in rule.declarations:
                yield rule, declaration


def read_sheet(
    source: str, url: str = "", *, line: int = 1, active: bool = True
) -> Sheet:
    """Parse a stylesheet; `line` is where it begins in the page.

    What is broken is listed in `errors`; it never raises.
    """
    sheet = Sheet(source, url)
    if _depth(source) > _DEEPEST:
        sheet.errors.append((f"brackets are nested deeper than {_DEEPEST}", line, 1))
        return sheet
    nodes = tinycss2.parse_stylesheet(source, skip_comments=True, skip_whitespace=True)
    _read_nodes(sheet, nodes, _Where(line - 1, active))
    return sheet


def read_declarations(style: str) -> tuple[Declaration, ...]:
    """Read the content of a `style` attribute."""
    if _depth(style) > _DEEPEST:
        return ()
    return tuple(_declared(tinycss2.parse_blocks_contents(style), 0))


def _depth(source: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKETS.findall(source):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    return deepest


def _read_nodes(sheet: Sheet, nodes: Iterable[ast.Node], where: _Where) -> None:
    for node in nodes:
        if node.type == "qualified-rule":
            _read_rule(sheet, node, where)
        elif node.type == "at-rule":
            _read_at_rule(sheet, node, where)
        elif node.type == "error":
            line = node.source_line + where.shift
            sheet.errors.append((node.message, line, node.source_column))


def _read_rule(sheet: Sheet, node: ast.QualifiedRule, where: _Where) -> None:
    prelude = _nested(tinycss2.serialize(node.prelude).strip(), where.above)
    parsed = tinycss2.parse_blocks_contents(node.content)
    inner = [
        one for one in parsed if one.type in {"qualified-rule", "at-rule", "error"}
    ]
    sheet.rules.append(
        StyleRule(
            prelude,
            read_selectors(tinycss2.parse_component_value_list(prelude)),
            tuple(_declared(parsed, where.shift)),
            where.active,
            node.source_line + where.shift,
            node.source_column,
            nests=bool(inner),
        )
    )
    if where.depth < _DEEPEST_NESTING:
        inside = replace(where, above=prelude, depth=where.depth + 1)
        _read_nodes(sheet, inner, inside)


def _nested(prelude: str, above: str) -> str:
    """Write a nested selector in full."""
    if not above or len(above) > _LONGEST_PRELUDE:
        return prelude
    around = f":is({above})"
    return prelude.replace("&", around) if "&" in prelude else f"{around} {prelude}"


def _read_at_rule(sheet: Sheet, node: ast.AtRule, where: _Where) -> None:
    prelude = tinycss2.serialize(node.prelude).strip()
    name = node.lower_at_keyword
    if name == "import":
        sheet.imports.append(_imported(node))
    elif name == "font-face" and node.content is not None:
        parsed = tinycss2.parse_blocks_contents(node.content)
        declared = tuple(_declared(parsed, where.shift))
        place = (node.source_line + where.shift, node.source_column)
        sheet.faces.append(StyleRule("@font-face", (), declared, True, *place))  # noqa: FBT003 - as above
    elif name in _GROUPS and node.content is not None:
        active = where.active and name != "container"
        if name == "media":
            sheet.media.append(prelude)
            active = active and applies_to_screen(prelude)
        _read_nodes(sheet, _grouped(node, where), replace(where, active=active))


def _grouped(node: ast.AtRule, where: _Where) -> list[ast.Node]:
    """Read the rules of a group; inside a rule, bare declarations are not looked at."""
    if where.above:
        parsed = tinycss2.parse_blocks_contents(node.content)
        return [one for one in parsed if one.type in {"qualified-rule", "at-rule"}]
    rules: list[ast.Node] = tinycss2.parse_rule_list(
        node.content, skip_comments=True, skip_whitespace=True
    )
    return rules


def _imported(node: ast.AtRule) -> str:
    for token in node.prelude:
        if token.type in {"string", "url"}:
            return str(token.value)
        if token.type == "function" and token.lower_name == "url":
            return "".join(
                str(part.value) for part in token.arguments if part.type == "string"
            )
    return ""


def _declared(nodes: Iterable[ast.Node], shift: int) -> Iterator[Declaration]:
    for node in nodes:
        if node.type == "declaration":
            yield Declaration(
                node.name if node.name.startswith("--") else node.lower_name,
                tinycss2.serialize(node.value).strip(),
                node.important,
                node.source_line + shift,
                node.source_column,
            )
