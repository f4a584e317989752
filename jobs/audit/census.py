"""A count of what a page's styles use: colours, fonts, sizes, distances.

Declarations of stylesheets and of `style` attributes count alike; those of other
media count too, since they are part of the same design.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.audit.css.colour import read_colour
from jobs.audit.css.sheet import Declaration, Sheet, StyleRule, read_declarations
from jobs.audit.css.style import substitute
from jobs.audit.element import Element
from jobs.audit.findings import Hit
from jobs.audit.page import Page

_COLOURED = frozenset(
    {"color", "background", "background-color", "border", "border-color", "fill"}
    | {
        "border-top",
        "border-bottom",
        "border-left",
        "border-right",
        "outline",
        "stroke",
    }
    | {"box-shadow", "text-decoration-color", "outline-color", "accent-color"}
)
_SPACED = frozenset({"margin", "padding", "gap", "row-gap", "column-gap"}) | {
    f"{box}-{side}"
    for box in ("margin", "padding")
    for side in ("top", "right", "bottom", "left")
}
_PIECE = re.compile(r"#[0-9a-fA-F]{3,8}\b|[a-z-]{2,12}\([^()]{0,100}\)|[a-zA-Z]{3,24}")
_LENGTH = re.compile(r"(?<![\w.-])-?(\d{1,6}(?:\.\d{1,6})?)(px|rem)\b")
_LONGEST = 1_000
_ROOT_SIZE = 16


@dataclass(slots=True, frozen=True)
class Use:
    """One declaration and where it stands."""

    declaration: Declaration
    value: str
    rule: StyleRule | None = None
    sheet: Sheet | None = None
    element: Element | None = None

    def hit(self, note: str = "") -> Hit:
        """Make a finding's place of it."""
        declared = self.declaration
        if self.element is not None:
            return Hit(self.element, note)
        return Hit(
            note=note,
            sheet=self.sheet,
            line=declared.line,
            column=declared.column,
            selector=self.rule.prelude if self.rule else "",
            snippet=f"{declared.name}: {declared.value}",
        )


@dataclass(slots=True, frozen=True)
class Census:
    """All declarations of a page, and the first use of each distinct value."""

    uses: list[Use]
    colours: dict[str, Use]
    spaces: list[tuple[float, Use]]

    def of(self, *names: str) -> list[Use]:
        """List the uses of some properties."""
        return [use for use in self.uses if use.declaration.name in names]


def take_census(page: Page) -> Census:
    """Walk every declaration once."""
    uses = list(_uses(page))
    colours: dict[str, Use] = {}
    spaces: list[tuple[float, Use]] = []
    for use in uses:
        name = use.declaration.name
        if name in _COLOURED:
            for colour in colours_in(use.value):
                colours.setdefault(colour, use)
        elif name in _SPACED:
            spaces.extend((length, use) for length in lengths_in(use.value))
    return Census(uses, colours, spaces)


def _uses(page: Page) -> Iterator[Use]:
    custom = {
        declared.name: declared.value
        for sheet in page.sheets
        for _, declared in sheet.declarations()
        if declared.name.startswith("--")
    }
    for sheet in page.sheets:
        for rule, declared in sheet.declarations():
            yield Use(declared, substitute(declared.value, custom), rule, sheet)
    for element in page.having("style"):
        for declared in read_declarations(element.get("style")):
            yield Use(declared, substitute(declared.value, custom), element=element)


def colours_in(value: str) -> Iterator[str]:
    """Find the colours in a value, opaque part only, as `#rrggbb`."""
    for piece in _PIECE.findall(value[:_LONGEST]):
        colour = read_colour(piece)
        if colour is not None and colour.alpha > 0:
            yield colour.hex


def lengths_in(value: str) -> Iterator[float]:
    """Find the lengths in a value, in pixels, without their sign."""
    for number, unit in _LENGTH.findall(value[:_LONGEST]):
        yield float(number) * (1 if unit == "px" else _ROOT_SIZE)
