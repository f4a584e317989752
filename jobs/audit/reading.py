"""From bytes to a page: which characters, which elements, where each stands."""

import re
from typing import Any

import webencodings  # type: ignore[import-untyped]
from justhtml import JustHTML

from jobs.audit.element import Element, Text
from jobs.audit.page import Page
from jobs.kit import NonRetriableError
from jobs.providers.fetch import Response

# Far above any page made for people, far below what would hold a core for long.
MOST_TAGS = 100_000
_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE
)
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w:.-]{1,40})", re.IGNORECASE)
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


class TooManyTagsError(NonRetriableError):
    """The page holds more tags than an audit reads."""

    def __init__(self, found: int) -> None:
        """Say how many there are, and how many would do."""
        super().__init__(
            f"The page has about {found:,} tags; an audit reads up to {MOST_TAGS:,}."
        )


def decode(content: bytes, content_type: str = "") -> str:
    """Turn bytes into text as browsers do: mark, header, meta tag, else UTF-8.

    Bytes that do not fit become U+FFFD, so broken text is a finding, not an error.
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    said = _IN_HEADER.search(content_type)
    if said and (encoding := webencodings.lookup(said[1])):
        return _decoded(content, encoding)
    declared = _DECLARED.search(content[:4096])
    encoding = webencodings.lookup(declared[1].decode("ascii")) if declared else None
    if encoding is None or encoding.name.startswith("utf-16"):
        return content.decode("utf-8", "replace")
    return _decoded(content, encoding)


def _decoded(content: bytes, encoding: webencodings.Encoding) -> str:
    text: str = encoding.codec_info.decode(content, "replace")[0]
    return text


def read_page(source: str, response: Response | None = None) -> Page:
    """Parse markup into a page; its stylesheets are put in later.

    Raises TooManyTagsError before it parses what would take minutes.
    """
    if (tags := source.count("<")) > MOST_TAGS:
        raise TooManyTagsError(tags)
    tree = JustHTML(source, sanitize=False, track_node_locations=True)
    page = Page(source, [], [], _doctype(tree.root))
    page.response = response
    _flatten(tree.root, page)
    return page


def _doctype(root: Any) -> str | None:
    for node in root.children:
        if node.name == "!doctype":
            return str(node.data.name or "")
    return None


def _flatten(root: Any, page: Page) -> None:
    """List elements and texts in document order; a stack stands in for calls."""
    stack: list[tuple[Any, Element | None]] = [(root, None)]
    opened: list[Element] = []
    while stack:
        node, outer = stack.pop()
        if node is None:
            _close(opened.pop(), page)
            continue
        if node.name == "#text" and outer is not None:
            page.texts.append(Text(node.data or "", outer))
        if node.name.startswith(("#", "!")) and node.name != "#document":
            continue
        inner = None if node is root else _open(node, outer, page)
        if inner is not None:
            opened.append(inner)
            stack.append((None, None))
        stack.extend((child, inner) for child in reversed(node.children))


def _open(node: Any, outer: Element | None, page: Page) -> Element:
    element = Element(
        index=len(page.elements),
        tag=node.name.lower(),
        attributes={name: value or "" for name, value in node.attrs.items()},
        parent=outer,
        line=node.origin_line or 0,
        column=node.origin_col or 0,
        position=len(outer.children) + 1 if outer else 1,
        first_text=len(page.texts),
    )
    page.elements.append(element)
    if outer is not None:
        outer.children.append(element)
    return element


def _close(element: Element, page: Page) -> None:
    element.end = len(page.elements)
    element.last_text = len(page.texts)
