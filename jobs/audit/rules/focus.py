"""The page must work with a keyboard, in an order that makes sense."""

import re

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, rule

_A11Y = Category.ACCESSIBILITY
_CONTROLS = frozenset({"button", "select", "textarea", "input", "summary", "iframe"})
_CLICKED = frozenset({"a", "area", "label", "option", "audio", "video"}) | _CONTROLS
_HARMLESS = frozenset({"body", "html", "form", "dialog", "details"})
_REMOVED = re.compile(r"(?:none|0|0px)(?:\s|$)")
_REPLACES = frozenset({"box-shadow", "border", "background", "background-color"}) | {
    "border-color",
    "text-decoration",
    "border-bottom",
    "outline-offset",
}


def can_focus(element: Element) -> bool:
    """Tell whether the Tab key reaches an element."""
    if element.get("tabindex").startswith("-") or element.has("disabled"):
        return False
    if element.tag in {"a", "area"}:
        return element.has("href") or element.has("tabindex")
    if element.tag == "input" and element.get("type").lower() == "hidden":
        return False
    return element.tag in _CONTROLS or element.get("tabindex").isdecimal()


@rule(
    "tabindex-order",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.4.3",
    message="A positive tabindex makes the keyboard jump around the page.",
    fix='Use tabindex="0" and put the elements in the order they are used.',
    fails='<input aria-label="City" tabindex="3">',
    passes='<input aria-label="City" tabindex="0">',
)
def tabindex_order(page: Page) -> Hits:
    for element in page.having("tabindex"):
        value = element.get("tabindex")
        if value.isdecimal() and value.strip("0"):
            yield element


@rule(
    "click-needs-keyboard",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.1.1",
    message="It reacts to a click, but the keyboard does not reach it.",
    fix='Use a <button>, or add a role, tabindex="0" and a key handler.',
    fails='<div onclick="buy()">Buy</div>',
    passes='<button onclick="buy()">Buy</button>',
)
def click_needs_keyboard(page: Page) -> Hits:
    for element in page.shown(page.having("onclick")):
        plain = element.tag not in _CLICKED | _HARMLESS
        if (plain or _dead_link(element)) and not can_focus(element):
            yield element


def _dead_link(element: Element) -> bool:
    return element.tag == "a" and not element.has("href")


@rule(
    "control-in-control",
    _A11Y,
    Severity.SERIOUS,
    wcag="4.1.2",
    message="A control stands inside another control; one of them is out of reach.",
    fix="Put them side by side.",
    fails='<button>Open <span role="button" tabindex="0">Help</span></button>',
    passes="<button>Open</button> <button>Help</button>",
)
def control_in_control(page: Page) -> Hits:
    inner: set[int] = set()
    for element in page.elements:
        outer = element.parent
        if outer is not None and (outer.index in inner or _is_button(outer)):
            inner.add(element.index)
            if can_focus(element) and element.index not in page.unheard:
                yield element


def _is_button(element: Element) -> bool:
    role = element.get("role").lower()
    if element.tag == "a":
        return element.has("href") and not role
    return element.tag == "button" or role in {"button", "link", "checkbox", "switch"}


@rule(
    "accesskey-twice",
    _A11Y,
    Severity.MINOR,
    wcag="2.1.4",
    message="Two elements share a keyboard shortcut.",
    fix="Give each its own accesskey, or none.",
    fails='<a href="/" accesskey="h">Home</a><a href="/help" accesskey="H">Help</a>',
    passes='<a href="/" accesskey="h">Home</a><a href="/help" accesskey="e">Help</a>',
)
def accesskey_twice(page: Page) -> Hits:
    seen: set[str] = set()
    for element in page.having("accesskey"):
        key = element.get("accesskey").lower()
        if key in seen:
            yield element
        seen.add(key)


@rule(
    "focus-visible",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.4.7",
    message="The style takes the focus ring away and puts nothing in its place.",
    fix="Keep the outline, or show focus with a border, shadow or background.",
    fails=Example(css="a:focus { outline: none }"),
    passes=Example(css="a:focus { outline: none; box-shadow: 0 0 0 3px #05c }"),
)
def focus_visible(page: Page) -> Hits:
    for sheet in page.sheets:
        for styled in sheet.rules:
            if (
                ":focus" not in styled.prelude
                or ":not(:focus-visible)" in styled.prelude
            ):
                continue
            names = {declared.name for declared in styled.declarations}
            for declared in styled.declarations:
                removes = declared.name == "outline" and _REMOVED.match(declared.value)
                if removes and not names & _REPLACES:
                    yield Hit(
                        sheet=sheet,
                        line=declared.line,
                        column=declared.column,
                        selector=styled.prelude,
                        snippet=f"{declared.name}: {declared.value}",
                    )


@rule(
    "change-leaves-page",
    _A11Y,
    Severity.MODERATE,
    wcag="3.2.2",
    message="Choosing an option leaves the page at once.",
    fix="Add a button that goes there, so the keyboard can pass the options.",
    fails='<select aria-label="Go" onchange="location.href=this.value"></select>',
    passes='<select aria-label="Go"></select><button>Go</button>',
)
def change_leaves_page(page: Page) -> Hits:
    for element in page.having("onchange"):
        script = element.get("onchange")
        if element.tag == "select" and ("location" in script or "submit(" in script):
            yield element
