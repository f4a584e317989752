"""The computed style of one element, as far as reading its text depends on it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from jobs.audit.css.colour import BLACK, WHITE, Colour, read_colour

READ = frozenset(
    {"color", "background", "background-color", "background-image", "font"}
    | {"font-size", "font-weight", "display", "visibility", "opacity"}
    | {"clip", "clip-path", "text-indent"}
)
ROOT_SIZE = 16.0
_LINK = Colour(0, 0, 0xEE / 255)
_FACE = Colour(0xEF / 255, 0xEF / 255, 0xEF / 255)
_BOLD = frozenset({"b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"})
_SCALE = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h5": 0.83, "h6": 0.67, "small": 0.83}
_KEYWORDS = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0} | {
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
}
_UNITS = {"px": 1.0, "pt": 4 / 3, "rem": ROOT_SIZE}
_LENGTH = re.compile(r"([\d.]{1,12})(px|pt|rem|em|%)", re.IGNORECASE)
_VARIABLE = re.compile(r"var\(\s*(--[\w-]{1,100})\s*(?:,([^()]{0,200}))?\)")
_IMAGE = re.compile(r"url\(|gradient\(|image-set\(|element\(", re.IGNORECASE)
_PIECES = re.compile(r"[^\s(),/]{1,60}\([^()]{0,100}\)|[^\s(),/]{1,60}")
_LONGEST_VALUE = 1_000
_BOLD_FROM = 600


@dataclass(slots=True, frozen=True, eq=False)
class Style:
    """`colour` and `background` are None where they cannot be known.

    `background` is what is behind the text: opaque, all layers laid over white.
    `size` is in CSS pixels; `unsure` text may be clipped, moved or faded.
    """

    colour: Colour | None
    background: Colour | None
    size: float
    bold: bool
    displayed: bool
    visible: bool
    unsure: bool
    custom: Mapping[str, str]


@cache
def initial() -> Style:
    """Give what surrounds the root: black on white, 16 pixels."""
    return Style(BLACK, WHITE, ROOT_SIZE, False, True, True, False, {})  # noqa: FBT003 - in the order above


def computed(tag: str, declared: Mapping[str, str], above: Style) -> Style:
    """Work out a style from what is declared and what the parent has."""
    plain = _by_tag(tag, above)
    if not declared:
        return plain
    own = {name: value for name, value in declared.items() if name.startswith("--")}
    custom = {**above.custom, **own} if own else above.custom
    values = {name: substitute(value, custom) for name, value in declared.items()}
    size = _size(values, plain.size, above.size)
    colour = _colour(values.get("color", ""), plain.colour, above.colour)
    return Style(
        colour=colour,
        background=_background(values, plain.background, colour),
        size=size,
        bold=_bold(values, plain.bold),
        displayed=above.displayed and values.get("display", "") != "none",
        visible=_visible(values.get("visibility", ""), above.visible),
        unsure=above.unsure or _blurs(values),
        custom=custom,
    )


def substitute(value: str, custom: Mapping[str, str]) -> str:
    """Put the values of `var(--…)` in; those of unknown names become empty."""

    def known(found: re.Match[str]) -> str:
        return custom.get(found[1], found[2] or "").strip()

    for _ in range(10):
        if "var(" not in value or len(value) > _LONGEST_VALUE:
            break
        value = _VARIABLE.sub(known, value)
    return value.strip()[:_LONGEST_VALUE]


def _by_tag(tag: str, above: Style) -> Style:
    """Apply what browsers do without any stylesheet."""
    size = above.size * _SCALE.get(tag, 1.0)
    style = above
    if tag in _BOLD or tag in _SCALE:
        style = replace(above, size=size, bold=above.bold or tag in _BOLD)
    if tag == "a":
        return replace(style, colour=_LINK)
    if tag == "button":
        return replace(style, colour=BLACK, background=_FACE)
    if tag in {"input", "textarea", "select"}:
        return replace(style, colour=BLACK, background=WHITE)
    if tag == "mark":
        return replace(style, colour=BLACK, background=Colour(1, 1, 0))
    return style


def _colour(value: str, plain: Colour | None, above: Colour | None) -> Colour | None:
    match value.lower():
        case "":
            return plain
        case "inherit" | "unset" | "currentcolor":
            return above
        case "initial" | "revert":
            return plain if value == "revert" else BLACK
        case _:
            return read_colour(value)


def _background(
    values: Mapping[str, str], below: Colour | None, text: Colour | None
) -> Colour | None:
    # The mapping is in the order in which declarations win.
    paint = below
    for name in ("background", "background-color", "background-image"):
        value = values.get(name)
        if value is not None:
            paint = (
                _painted(value, below, text) if name != "background-image" else paint
            )
    if any(
        _IMAGE.search(values.get(name, ""))
        for name in ("background", "background-image")
    ):
        return None
    return paint


def _painted(value: str, below: Colour | None, text: Colour | None) -> Colour | None:
    for piece in _PIECES.findall(value):
        found = text if piece.lower() == "currentcolor" else read_colour(piece)
        if found is not None:
            if found.alpha == 1:
                return found
            return found.over(below) if below is not None else None
    return below if _says_nothing(value) else None


def _says_nothing(value: str) -> bool:
    words = set(value.lower().split())
    return not words or words <= {"none", "inherit", "initial", "unset", "0", "0px"}


def _size(values: Mapping[str, str], plain: float, above: float) -> float:
    text = values.get("font-size") or values.get("font", "")
    for word in text.lower().replace("/", " ").split():
        if word in _KEYWORDS:
            return _KEYWORDS[word]
        if found := _LENGTH.fullmatch(word):
            return _pixels(found[1], found[2], above)
    return plain


def _pixels(number: str, unit: str, above: float) -> float:
    try:
        amount = float(number)
    except ValueError:
        return above
    if unit == "em":
        return amount * above
    return amount * above / 100 if unit == "%" else amount * _UNITS[unit]


def _bold(values: Mapping[str, str], plain: bool) -> bool:  # noqa: FBT001 - a computed value
    for word in (values.get("font-weight") or values.get("font", "")).lower().split():
        if word in {"bold", "bolder"}:
            return True
        if word in {"normal", "lighter"}:
            return False
        if word.isdecimal() and len(word) <= len("1000"):
            return int(word) >= _BOLD_FROM
    return plain


def _visible(value: str, above: bool) -> bool:  # noqa: FBT001 - a computed value
    if value == "visible":
        return True
    return above and value not in {"hidden", "collapse"}


def _blurs(values: Mapping[str, str]) -> bool:
    """Whether text may be cut off, moved away or faded."""
    return (
        values.get("clip", "auto") != "auto"
        or values.get("clip-path", "none") != "none"
        or values.get("text-indent", "").startswith("-")
        or values.get("opacity", "1") not in {"1", "1.0", "100%"}
    )
