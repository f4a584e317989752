"""Which media queries hold on the screen an audit assumes: 1280 × 800, light."""

import re

WIDTH, HEIGHT = 1280.0, 800.0
_FEATURE = re.compile(r"\(([^()]*)\)")
_BOUND = re.compile(
    r"(min|max)-(width|height)\s*:\s*([\d.]+)(px|em|rem)", re.IGNORECASE
)
_RANGE = re.compile(r"(width|height)\s*([<>])=?\s*([\d.]+)(px|em|rem)", re.IGNORECASE)
_EM = 16.0
_HOLDS = frozenset(
    {
        "prefers-color-scheme:light",
        "hover",
        "hover:hover",
        "color",
        "orientation:landscape",
        "pointer:fine",
        "prefers-reduced-motion:no-preference",
    }
)


def applies_to_screen(query: str) -> bool:
    """Tell whether a media query list holds; what it does not know does not."""
    return any(_holds(part.strip().lower()) for part in query.split(","))


def _holds(query: str) -> bool:
    kind = _FEATURE.sub("", query).replace(" and ", " ").split()
    if "not" in kind:
        return False
    if any(word in kind for word in ("print", "speech", "or")):
        return False
    return all(_feature_holds(feature.strip()) for feature in _FEATURE.findall(query))


def _feature_holds(feature: str) -> bool:
    if bound := _BOUND.fullmatch(feature):
        limit = _pixels(bound[3], bound[4])
        actual = _actual(bound[2])
        return actual >= limit if bound[1] == "min" else actual <= limit
    if span := _RANGE.fullmatch(feature):
        limit = _pixels(span[3], span[4])
        actual = _actual(span[1])
        return actual >= limit if span[2] == ">" else actual <= limit
    return feature.replace(" ", "") in _HOLDS


def _actual(side: str) -> float:
    return WIDTH if side == "width" else HEIGHT


def _pixels(number: str, unit: str) -> float:
    try:
        size = float(number)
    except ValueError:
        return 0.0
    return size if unit == "px" else size * _EM
