"""Text that can be told from what is behind it."""

from jobs.audit.css.colour import Colour, contrast, readable
from jobs.audit.css.style import Style
from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Needs, rule

_ENOUGH, _ENOUGH_LARGE = 4.5, 3.0
_LARGE, _LARGE_BOLD = 24.0, 18.66
_LEAST_VISIBLE = 1.05


@rule(
    "contrast",
    Category.ACCESSIBILITY,
    Severity.SERIOUS,
    wcag="1.4.3",
    message="The text is too faint on its background.",
    fix="Make the text darker or the background lighter, or the reverse.",
    fails='<p style="color: #aaa">Opening hours</p>',
    passes='<p style="color: #595959">Opening hours</p>',
    needs=Needs.STYLES,
)
def text_contrast(page: Page) -> Hits:
    for element, style in _texts(page):
        ratio, needed = _measure(style)
        if ratio is not None and _LEAST_VISIBLE <= ratio < needed:
            yield Hit(element, _explain(style, ratio, needed))


@rule(
    "invisible-text",
    Category.ACCESSIBILITY,
    Severity.CRITICAL,
    wcag="1.4.3",
    message="The text has the colour of its background.",
    fix="Give it another colour, or remove it.",
    fails='<p style="color: white">Now cheaper</p>',
    passes='<p style="color: white; background: #222">Now cheaper</p>',
    needs=Needs.STYLES,
)
def invisible_text(page: Page) -> Hits:
    for element, style in _texts(page):
        ratio, _ = _measure(style)
        if ratio is not None and ratio < _LEAST_VISIBLE:
            yield element


def _texts(page: Page) -> list[tuple[Element, Style]]:
    """List the elements with text of their own that people are meant to read."""
    styles = page.styles or ()
    owners = {text.parent.index for text in page.texts if not text.data.isspace()}
    return [
        (page.elements[place], styles[place])
        for place in sorted(owners - page.hidden)
        if place < len(styles) and not page.elements[place].has("disabled")
    ]


def _measure(style: Style) -> tuple[float | None, float]:
    """Compute the ratio, None where it cannot be known, and what WCAG asks for."""
    large = style.size >= (_LARGE_BOLD if style.bold else _LARGE)
    needed = _ENOUGH_LARGE if large else _ENOUGH
    if style.colour is None or style.background is None or style.unsure:
        return None, needed
    return contrast(_laid(style), style.background), needed


def _laid(style: Style) -> Colour:
    front, back = style.colour, style.background
    if front is None or back is None:  # ruled out by the caller
        raise ValueError
    return front.over(back)


def _explain(style: Style, ratio: float, needed: float) -> str:
    if style.colour is None or style.background is None:
        return ""
    front = _laid(style)
    note = f"{front.hex} on {style.background.hex} is {ratio:.2f}:1, needed {needed}:1."
    better = readable(front, style.background, needed)
    return f"{note} {better} would do." if better else note
