"""A web page as the rules see it: flat lists in document order.

Every element knows the range of elements and texts inside it, so a rule walks a
range instead of calling itself: 10,000 nested tags cost no stack.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit

from jobs.audit.css.cascade import styles
from jobs.audit.css.sheet import Sheet
from jobs.audit.css.style import Style
from jobs.audit.element import Element, Text
from jobs.audit.resources import Resource
from jobs.providers.fetch import Response

# More than any name, title or link that a person would read.
LONGEST_TEXT = 2_000
Built = TypeVar("Built")
_SILENT = frozenset({"script", "style", "template", "noscript", "head", "title"})


@dataclass
class Page:
    """What one audit looks at.

    `response` is None when only markup was handed in; `sheets` are the style
    elements and fetched stylesheets in the order they apply; `resources` are the
    files that were asked for, by address.
    """

    source: str
    elements: list[Element]
    texts: list[Text]
    doctype: str | None
    response: Response | None = None
    sheets: list[Sheet] = field(default_factory=list)
    resources: dict[str, Resource] | None = None
    _built: dict[object, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the page came from, after redirects; empty for markup."""
        return self.response.url if self.response else ""

    @cached_property
    def host(self) -> str:
        """The page's host name; empty for markup."""
        return urlsplit(self.url).hostname or ""

    @cached_property
    def base(self) -> str:
        """What relative addresses are relative to."""
        bases = [element.get("href") for element in self.tags("base")]
        return join(self.url, bases[0]) if bases else self.url

    def absolute(self, address: str) -> str:
        """Resolve an address of the page; empty when it makes no sense."""
        return join(self.base, address)

    def outside(self, address: str) -> bool:
        """Tell whether an address leads to another host."""
        return leads_outside(self.absolute(address), self.host)

    @cached_property
    def _by_tag(self) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = defaultdict(list)
        for element in self.elements:
            found[element.tag].append(element)
        return found

    def tags(self, *names: str) -> list[Element]:
        """Find all elements with one of the tags, in document order."""
        found = [element for name in names for element in self._by_tag.get(name, ())]
        return sorted(found, key=_place) if len(names) > 1 else found

    @cached_property
    def _by_attribute(self) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = defaultdict(list)
        for element in self.elements:
            for name in element.attributes:
                found[name].append(element)
        return found

    def having(self, attribute: str) -> list[Element]:
        """Find all elements with the attribute, in document order."""
        return self._by_attribute.get(attribute, [])

    @cached_property
    def attribute_names(self) -> list[str]:
        """All names of attributes in use."""
        return sorted(self._by_attribute)

    @cached_property
    def by_id(self) -> dict[str, list[Element]]:
        """All elements that carry an id, by that id."""
        found: dict[str, list[Element]] = defaultdict(list)
        for element in self.having("id"):
            if identity := element.get("id"):
                found[identity].append(element)
        return found

    def once(self, build: Callable[["Page"], Built]) -> Built:
        """Keep what several rules work out from the page."""
        if build not in self._built:
            self._built[build] = build(self)
        return cast("Built", self._built[build])

    @cached_property
    def labels(self) -> dict[str, list[Element]]:
        """The labels that name a field, by the field's id."""
        found: dict[str, list[Element]] = defaultdict(list)
        for label in self.tags("label"):
            if target := label.get("for"):
                found[target].append(label)
        return found

    def within(self, element: Element) -> list[Element]:
        """List all elements inside one, in document order."""
        return self.elements[element.index + 1 : element.end]

    def text(self, element: Element, longest: int = LONGEST_TEXT) -> str:
        """Read the text inside, blanks collapsed, scripts and styles left out."""
        size, parts = 0, []
        for place in range(element.first_text, element.last_text):
            text = self.texts[place]
            if text.parent.tag not in _SILENT or text.parent is element:
                parts.append(text.data)
                size += len(text.data)
            if size > longest:
                break
        return " ".join("".join(parts).split())

    def raw_text(self, element: Element) -> str:
        """Read all characters inside as they are: scripts and styles."""
        inside = self.texts[element.first_text : element.last_text]
        return "".join(text.data for text in inside)

    def metas(self, name: str) -> list[Element]:
        """Find the `<meta>` elements with a name or property."""
        return [
            meta
            for meta in self.tags("meta")
            if name in {meta.get("name").lower(), meta.get("property").lower()}
        ]

    def links(self, rel: str) -> list[Element]:
        """Find the `<link>` elements with a relation."""
        return [link for link in self.tags("link") if rel in link.words("rel")]

    @cached_property
    def title(self) -> Element | None:
        """The document's title; those of drawings do not count."""
        found = (title for title in self.tags("title") if not _in_drawing(title))
        return next(found, None)

    @cached_property
    def html(self) -> Element:
        """The root element, which every parsed page has."""
        return self.tags("html")[0]

    @cached_property
    def body(self) -> Element:
        """The body, or the root of a page of frames."""
        return next(iter(self.tags("body")), self.html)

    @cached_property
    def styles(self) -> list[Style] | None:
        """The style of every element; None when it takes too long to work out."""
        return styles(self.elements, self.sheets)

    @cached_property
    def hidden(self) -> frozenset[int]:
        """Places of the elements nobody sees: by attribute, style or kind."""
        found: set[int] = set()
        for element in self.elements:
            outer = element.parent
            if (outer is not None and outer.index in found) or _hides(element):
                found.add(element.index)
        looks = enumerate(self.styles or ())
        found.update(
            place for place, look in looks if not (look.displayed and look.visible)
        )
        return frozenset(found)

    @cached_property
    def unheard(self) -> frozenset[int]:
        """Places of the elements assistive technology is not told of."""
        found = set(self.hidden)
        for element in self.elements:
            outer = element.parent
            if (outer is not None and outer.index in found) or (
                element.get("aria-hidden") == "true"
            ):
                found.add(element.index)
        return frozenset(found)

    def shown(self, elements: Iterable[Element]) -> list[Element]:
        """Leave out what nobody sees."""
        return [element for element in elements if element.index not in self.hidden]

    def heard(self, elements: Iterable[Element]) -> list[Element]:
        """Leave out what assistive technology is not told of."""
        return [element for element in elements if element.index not in self.unheard]


def join(base: str, address: str) -> str:
    """Resolve an address; empty when it cannot be read as one."""
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return ""


def leads_outside(address: str, host: str) -> bool:
    """Tell whether an absolute address names another host."""
    try:
        other = urlsplit(address).hostname
    except ValueError:
        return False
    return bool(other) and bool(host) and other != host


def _place(element: Element) -> int:
    return element.index


def _in_drawing(element: Element) -> bool:
    return any(outer.tag == "svg" for outer in element.ancestors())


def _hides(element: Element) -> bool:
    if element.has("hidden") or element.tag in _SILENT:
        return True
    return element.tag == "input" and element.get("type").lower() == "hidden"
