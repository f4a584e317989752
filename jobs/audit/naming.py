"""The name assistive technology gives an element (accname 1.2, as far as it goes).

References first, then `aria-label`, then what HTML says for the tag, then the
content, then `title`.  Names of form fields never come from their content.
"""

from itertools import islice

from jobs.audit.element import Element
from jobs.audit.page import Page

# A thousand tags without a word in them have no name worth looking for.
_MOST_SEEN = 1_000
_MOST_LABELS = 10
_BUTTONS = {"submit": "Submit", "reset": "Reset", "button": ""}
_FIELDS = frozenset({"input", "select", "textarea", "meter", "progress", "output"})
_FROM_CONTENT = frozenset(
    {"a", "button", "summary", "label", "legend", "caption", "option", "th", "td"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "figcaption", "title", "li", "dt"}
)
_ROLES_FROM_CONTENT = frozenset(
    {"button", "cell", "checkbox", "columnheader", "gridcell", "heading", "link"}
    | {"menuitem", "menuitemcheckbox", "menuitemradio", "option", "radio", "row"}
    | {"rowheader", "switch", "tab", "tooltip", "treeitem"}
)


def name_of(page: Page, element: Element) -> str:
    """Compute the accessible name; empty when there is none."""
    return (
        referenced(page, element)
        or element.get("aria-label")
        or native_name(page, element)
        or (content_name(page, element) if _named_by_content(element) else "")
        or element.get("title")
    )


def referenced(page: Page, element: Element) -> str:
    """Read what `aria-labelledby` points to, hidden or not."""
    targets = element.get("aria-labelledby").split()[:_MOST_LABELS]
    found = (page.by_id[target][0] for target in targets if target in page.by_id)
    names = (one.get("aria-label") or page.text(one) or one.get("alt") for one in found)
    return " ".join(filter(None, names))


def native_name(page: Page, element: Element) -> str:
    """Read the name HTML itself gives: `alt`, label, legend, caption, title."""
    kind = element.get("type").lower()
    if element.tag in {"img", "area"} or (element.tag == "input" and kind == "image"):
        return element.get("alt")
    if element.tag == "input" and kind in _BUTTONS:
        return element.get("value") or _BUTTONS[kind]
    if element.tag in _FIELDS:
        return " ".join(page.text(label) for label in labels_of(page, element)).strip()
    inner = {"fieldset": "legend", "table": "caption", "svg": "title"}
    wanted = inner.get(element.tag, "")
    named = (child for child in element.children if child.tag == wanted)
    return next((page.text(child) for child in named), "")


def labels_of(page: Page, element: Element) -> list[Element]:
    """Find the labels of a form field: those that name its id, and one around it."""
    found = page.labels.get(element.get("id"), [])[:_MOST_LABELS]
    around = (outer for outer in element.ancestors() if outer.tag == "label")
    found.extend(islice(around, 1))
    return found


def content_name(page: Page, element: Element) -> str:
    """Gather the words inside: text, alternatives of images, labels."""
    last = min(element.last_text, element.first_text + _MOST_SEEN)
    texts = (page.texts[place] for place in range(element.first_text, last))
    words = [text.data for text in texts if text.parent.index not in page.unheard]
    end = min(element.end, element.index + _MOST_SEEN)
    inside = page.heard(page.elements[element.index + 1 : end])
    words.extend(one.get("aria-label") or _picture(page, one) for one in inside)
    return " ".join(" ".join(words).split())


def _picture(page: Page, element: Element) -> str:
    if element.tag == "svg":
        return native_name(page, element)
    return element.get("alt") if element.tag in {"img", "input"} else ""


def _named_by_content(element: Element) -> bool:
    role = element.get("role").lower()
    if role:
        return role in _ROLES_FROM_CONTENT
    return element.tag in _FROM_CONTENT
