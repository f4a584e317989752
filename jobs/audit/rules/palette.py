"""One palette, one set of fonts, one scale of distances."""

import re
from collections import Counter

from jobs.audit.census import Use, lengths_in, take_census
from jobs.audit.css.colour import distance
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, rule

_DESIGN = Category.DESIGN
_SAME_LOOK = 2.5
_COLOURS, _FAMILIES, _SIZES, _RADII, _SHADOWS, _WEIGHTS = 24, 4, 10, 6, 6, 4
# Comparing all pairs of more colours than this would say no more.
_COMPARED = 80
_GRID, _OFF_GRID, _ENOUGH = 4, 0.3, 12
_LEAST_SIZE = 12.0
_GENERIC = frozenset(
    {"serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "inherit"}
    | {"ui-serif", "ui-sans-serif", "ui-monospace", "ui-rounded", "math", "emoji"}
    | {"initial", "unset", "revert", "fangsong", "revert-layer", ""}
)
_KEEP = frozenset({"inherit", "initial", "unset", "revert", "none", "0", "0px"})
_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,4})?")


def _styles(rules: str) -> Example:
    return Example(css=rules)


@rule(
    "colours-alike",
    _DESIGN,
    Severity.MODERATE,
    message="Two colours differ so little that one of them is likely a slip.",
    fix="Choose one, and name it in a custom property.",
    fails=_styles("a { color: #0055cc } b { color: #0056cd }"),
    passes=_styles("a { color: #0055cc } b { color: #cc5500 }"),
)
def colours_alike(page: Page) -> Hits:
    found = list(page.once(take_census).colours.items())[:_COMPARED]
    for place, (colour, use) in enumerate(found):
        for other, _ in found[:place]:
            apart = distance(colour, other)
            if apart < _SAME_LOOK:
                yield use.hit(f"{colour} is like {other} (ΔE {apart:.1f}).")
                break


@rule(
    "colours-many",
    _DESIGN,
    Severity.MINOR,
    message=f"The styles use more than {_COLOURS} colours.",
    fix="Choose a palette and give its colours names.",
    fails=_styles(
        "".join(f".a{n} {{ color: hsl({n * 12} 80% 40%) }}" for n in range(30))
    ),
    passes=_styles("a { color: navy } b { color: black }"),
)
def colours_many(page: Page) -> Hits:
    count = len(page.once(take_census).colours)
    if count > _COLOURS:
        yield Hit(note=f"They use {count}.")


def _families(page: Page) -> dict[str, Use]:
    found: dict[str, Use] = {}
    for use in page.once(take_census).of("font-family"):
        first = use.value.split(",")[0].strip("\"' ").lower()
        if first not in _GENERIC:
            found.setdefault(first, use)
    return found


@rule(
    "fonts-many",
    _DESIGN,
    Severity.MODERATE,
    message=f"The styles use more than {_FAMILIES} fonts.",
    fix="Use one for text and one for headings, and perhaps one for code.",
    fails=_styles(
        "".join(f".f{n} {{ font-family: Font{n}, serif }}" for n in range(6))
    ),
    passes=_styles("p { font-family: Inter, sans-serif }"),
)
def fonts_many(page: Page) -> Hits:
    families = _families(page)
    if len(families) > _FAMILIES:
        yield Hit(note=f"{len(families)}: {', '.join(families)}")


@rule(
    "font-fallback",
    _DESIGN,
    Severity.MINOR,
    message="If the font does not load, the browser picks any.",
    fix="End the list with serif, sans-serif or monospace.",
    fails=_styles("p { font-family: Inter }"),
    passes=_styles("p { font-family: Inter, sans-serif }"),
)
def font_fallback(page: Page) -> Hits:
    for use in page.once(take_census).of("font-family"):
        last = use.value.rpartition(",")[2].strip("\"' ").lower()
        if last not in _GENERIC and "var(" not in use.declaration.value:
            yield use.hit()


def _distinct(page: Page, *names: str) -> dict[str, Use]:
    found: dict[str, Use] = {}
    for use in page.once(take_census).of(*names):
        if use.value.lower() not in _KEEP:
            found.setdefault(" ".join(use.value.lower().split()), use)
    return found


@rule(
    "sizes-many",
    _DESIGN,
    Severity.MINOR,
    message=f"The styles use more than {_SIZES} sizes of text.",
    fix="Choose a scale of five or six, and name its steps.",
    fails=_styles("".join(f".s{n} {{ font-size: {n}px }}" for n in range(13, 26))),
    passes=_styles("p { font-size: 16px } h1 { font-size: 32px }"),
)
def sizes_many(page: Page) -> Hits:
    sizes = _distinct(page, "font-size")
    if len(sizes) > _SIZES:
        yield Hit(note=f"{len(sizes)}: {', '.join(sizes)}")


@rule(
    "size-small",
    _DESIGN,
    Severity.MODERATE,
    message=f"The text is smaller than {_LEAST_SIZE:g} pixels.",
    fix="Use 14 pixels or more, 16 for text that is read at length.",
    fails=_styles("small { font-size: 9px }"),
    passes=_styles("small { font-size: 14px }"),
)
def size_small(page: Page) -> Hits:
    for use in page.once(take_census).of("font-size"):
        sizes = list(lengths_in(use.value)) if "(" not in use.value else []
        if sizes and 0 < sizes[0] < _LEAST_SIZE:
            yield use.hit(f"{sizes[0]:g} pixels.")


@rule(
    "weights-many",
    _DESIGN,
    Severity.MINOR,
    message=f"The styles use more than {_WEIGHTS} weights of text.",
    fix="Two or three are enough to tell text, emphasis and headings apart.",
    fails=_styles("".join(f".w{n} {{ font-weight: {n}00 }}" for n in range(1, 8))),
    passes=_styles("b { font-weight: 700 } p { font-weight: 400 }"),
)
def weights_many(page: Page) -> Hits:
    names = {"normal": "400", "bold": "700"}
    weights = {names.get(one, one) for one in _distinct(page, "font-weight")}
    if len(weights) > _WEIGHTS:
        yield Hit(note=f"{len(weights)}: {', '.join(sorted(weights))}")


@rule(
    "spaces-off-grid",
    _DESIGN,
    Severity.MINOR,
    message=f"Many distances are no multiple of {_GRID} pixels: there is no scale.",
    fix="Choose steps such as 4, 8, 12, 16, 24, 32, 48.",
    fails=_styles(
        "".join(f".g{n} {{ margin: {n}px }}" for n in (3, 5, 7, 9, 11, 13) * 3)
    ),
    passes=_styles("".join(f".g{n} {{ margin: {n}px }}" for n in (4, 8, 12, 16) * 4)),
)
def spaces_off_grid(page: Page) -> Hits:
    spaces = [one for one in page.once(take_census).spaces if one[0] > 2]  # noqa: PLR2004 - hairlines
    off = [(size, use) for size, use in spaces if size % _GRID]
    if len(spaces) >= _ENOUGH and len(off) > _OFF_GRID * len(spaces):
        usual = Counter(f"{size:g}" for size, _ in off).most_common(5)
        sizes = ", ".join(size for size, _ in usual)
        yield off[0][1].hit(f"{len(off)} of {len(spaces)}, such as {sizes} pixels.")


@rule(
    "corners-many",
    _DESIGN,
    Severity.MINOR,
    message=f"The styles use more than {_RADII} kinds of round corners.",
    fix="Choose two or three radii.",
    fails=_styles("".join(f".r{n} {{ border-radius: {n}px }}" for n in range(2, 10))),
    passes=_styles("img { border-radius: 4px }"),
)
def corners_many(page: Page) -> Hits:
    radii = _distinct(page, "border-radius")
    if len(radii) > _RADII:
        yield Hit(note=f"{len(radii)}: {', '.join(radii)}")


@rule(
    "shadows-many",
    _DESIGN,
    Severity.MINOR,
    message=f"The styles use more than {_SHADOWS} kinds of shadows.",
    fix="Choose two or three depths.",
    fails=_styles(
        "".join(f".h{n} {{ box-shadow: 0 0 {n}px #000 }}" for n in range(2, 10))
    ),
    passes=_styles("img { box-shadow: 0 1px 2px #0003 }"),
)
def shadows_many(page: Page) -> Hits:
    shadows = _distinct(page, "box-shadow")
    if len(shadows) > _SHADOWS:
        yield Hit(note=f"They use {len(shadows)}.")


@rule(
    "lines-tight",
    _DESIGN,
    Severity.MODERATE,
    message="Lines of text stand too close together.",
    fix="Use a line-height of 1.4 to 1.6 for text.",
    fails=_styles("p { line-height: 1 }"),
    passes=_styles("p { line-height: 1.5 } h1 { line-height: 1.1 }"),
)
def lines_tight(page: Page) -> Hits:
    least = 1.2
    for use in page.once(take_census).of("line-height"):
        about = use.rule.prelude.replace(",", " ").split() if use.rule else []
        is_text = {"p", "li", "body", "article", "main"}.intersection(about)
        if is_text and _NUMBER.fullmatch(use.value) and float(use.value) < least:
            yield use.hit()
