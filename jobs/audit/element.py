"""One tag of a page, and one run of its text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

# Browsers nest no deeper; it keeps a walk outwards from costing the whole page.
DEEPEST = 512


@dataclass(eq=False)
class Element:
    """One tag; `line` and `column` count from 1, and are 0 when the parser added it.

    `position` counts from 1 among the elements of the same parent; `end`,
    `first_text` and `last_text` bound what is inside, in the page's lists.
    """

    index: int
    tag: str
    attributes: Mapping[str, str]
    parent: "Element | None"
    line: int
    column: int
    position: int
    children: list["Element"] = field(default_factory=list)
    end: int = 0
    first_text: int = 0
    last_text: int = 0

    def get(self, name: str) -> str:
        """Read an attribute without the blanks around it; empty when absent."""
        return self.attributes.get(name, "").strip()

    def has(self, name: str) -> bool:
        """Tell whether the attribute is there, even when empty."""
        return name in self.attributes

    @cached_property
    def classes(self) -> frozenset[str]:
        """The words of `class`."""
        return frozenset(self.get("class").split())

    def words(self, name: str) -> list[str]:
        """Split an attribute at blanks, in lower case (`rel`, `role`)."""
        return self.get(name).lower().split()

    def ancestors(self) -> Iterator["Element"]:
        """Walk outwards, the parent first, as deep as browsers nest."""
        outer = self.parent
        for _ in range(DEEPEST):
            if outer is None:
                return
            yield outer
            outer = outer.parent


@dataclass(slots=True, frozen=True)
class Text:
    """One run of characters and the element it stands in."""

    data: str
    parent: Element
