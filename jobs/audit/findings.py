"""What an audit reports: one finding, its place, and how bad it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.audit.css.sheet import Sheet
from jobs.audit.element import Element

# Bytes, so that a hostile page cannot make a step's result grow past its limit.
_SNIPPET, _SELECTOR, _NOTE = 160, 160, 240
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_PLAIN = re.compile(r"-?[A-Za-z_][\w-]*")
_LONGEST_PATH = 4


class Category(StrEnum):
    """The six parts of a score."""

    ACCESSIBILITY = "accessibility"
    SEO = "seo"
    PERFORMANCE = "performance"
    SECURITY = "security"
    CONTENT = "content"
    DESIGN = "design"


class Severity(StrEnum):
    """How much a finding hurts those who use the page, the worst first."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    MODERATE = "moderate"
    MINOR = "minor"


@dataclass(slots=True, frozen=True)
class Hit:
    """One place where a rule fails; without element or sheet: the whole page.

    `note` is the particular: which value, how much.
    """

    element: Element | None = None
    note: str = ""
    sheet: Sheet | None = None
    line: int = 0
    column: int = 0
    selector: str = ""
    snippet: str = ""


Hits = Iterable[Element | Hit]


def placed(hit: Element | Hit) -> dict[str, Any]:
    """Say where a hit is: source, selector, snippet, line, column, note.

    `source` is the stylesheet's address, empty for the page itself; line and
    column count from 1 and are null for the page as a whole.
    """
    if isinstance(hit, Element):
        hit = Hit(hit)
    element = hit.element
    line = element.line if element else hit.line
    column = element.column if element else hit.column
    return {
        "source": clip(hit.sheet.url, _NOTE) if hit.sheet else "",
        "selector": clip(selector_of(element) if element else hit.selector, _SELECTOR),
        "snippet": clip(opening_tag(element) if element else hit.snippet, _SNIPPET),
        "line": line or None,
        "column": column or None,
        "note": clip(hit.note, _NOTE),
    }


def clip(text: str, size: int) -> str:
    """Cut a text to so many bytes, on one line, with nothing JSON storage refuses."""
    flat = _UNPRINTABLE.sub(" ", text[: size * 2]).encode("utf-8")
    if len(flat) <= size:
        return flat.decode("utf-8")
    return flat[: size - 3].decode("utf-8", "ignore") + "…"


def opening_tag(element: Element) -> str:
    """Write an element's start tag anew."""
    parts = [element.tag]
    for name, value in element.attributes.items():
        parts.append(f'{name}="{value[:_SNIPPET]}"' if value else name)
    return f"<{' '.join(parts[:20])}>"


def selector_of(element: Element) -> str:
    """Write a CSS selector that leads to an element, from the nearest id."""
    steps: list[str] = []
    here: Element | None = element
    while here is not None and len(steps) < _LONGEST_PATH:
        identity = here.get("id")
        if _PLAIN.fullmatch(identity):
            steps.append(f"{here.tag}#{identity}")
            break
        steps.append(_step(here))
        here = here.parent
    return " > ".join(reversed(steps))


def _step(element: Element) -> str:
    name = element.tag
    names = [word for word in element.get("class").split() if _PLAIN.fullmatch(word)]
    if names:
        name += f".{names[0]}"
    if element.parent is not None and len(element.parent.children) > 1:
        name += f":nth-child({element.position})"
    return name
