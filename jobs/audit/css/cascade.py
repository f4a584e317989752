"""Which declarations reach each element: origin, specificity, order, inheritance.

It reads the few properties that decide whether text can be seen and read.  The
screen is the one `media` assumes, and the page is at rest: nothing is hovered.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jobs.audit.css.matching import Budget, BudgetSpentError, matches
from jobs.audit.css.selectors import Selector, Specificity
from jobs.audit.css.sheet import Declaration, Sheet, read_declarations
from jobs.audit.css.style import READ, Style, computed, initial
from jobs.audit.element import Element

# About 2 s of one core; a page of 300 KB with 200 KB of CSS takes a fifth.
_COMPARISONS = 1_000_000


@dataclass(slots=True, frozen=True, eq=False)
class _Candidate:
    """One selector with the declarations it brings, and its place in the order."""

    selector: Selector
    specificity: Specificity
    order: int
    declarations: tuple[Declaration, ...]


class _Index:
    """Candidates by what their subject must carry, so few are tried per element."""

    def __init__(self, sheets: Iterable[Sheet]) -> None:
        self._buckets: dict[str, list[_Candidate]] = defaultdict(list)
        order = 0
        for sheet in sheets:
            for rule in sheet.rules:
                order += 1
                wanted = tuple(filter(_is_read, rule.declarations))
                if rule.active and wanted:
                    self._add(rule.selectors, order, wanted)

    def _add(
        self,
        selectors: Sequence[Selector],
        order: int,
        declarations: tuple[Declaration, ...],
    ) -> None:
        for selector in selectors:
            entry = _Candidate(selector, selector.specificity, order, declarations)
            self._buckets[_key(selector)].append(entry)

    def matching(self, element: Element, budget: Budget) -> list[_Candidate]:
        """Find what applies to an element, the weakest first."""
        keys = ["*", element.tag, *(f".{name}" for name in element.classes)]
        if identity := element.get("id"):
            keys.append(f"#{identity}")
        found = [
            candidate
            for key in keys
            for candidate in self._buckets.get(key, ())
            if matches(candidate.selector, element, budget)
        ]
        found.sort(key=_strength)
        return found


def styles(elements: Sequence[Element], sheets: Sequence[Sheet]) -> list[Style] | None:
    """Compute the style of every element, in document order.

    None when the stylesheets are too entangled to be worked out in seconds.
    """
    index, budget = _Index(sheets), Budget(_COMPARISONS)
    found: list[Style] = []
    seen: dict[tuple[object, ...], Style] = {}
    try:
        for element in elements:
            above = found[element.parent.index] if element.parent else initial()
            matched = index.matching(element, budget)
            inline = element.get("style")
            key = (id(above), element.tag, inline, *map(id, matched))
            if key not in seen:
                seen[key] = computed(element.tag, _winning(matched, inline), above)
            found.append(seen[key])
    except BudgetSpentError:
        return None
    return found


def _winning(matched: Iterable[_Candidate], inline: str) -> Mapping[str, str]:
    """Let the last declaration of a property win, important ones after the others."""
    declared = [one for candidate in matched for one in candidate.declarations]
    if inline:
        declared.extend(filter(_is_read, read_declarations(inline)))
    declared.sort(key=_is_important)
    values: dict[str, str] = {}
    for declaration in declared:
        values.pop(declaration.name, None)
        values[declaration.name] = declaration.value
    return values


def _key(selector: Selector) -> str:
    subject = selector.subject
    if subject.identity:
        return f"#{subject.identity}"
    if subject.classes:
        return f".{subject.classes[0]}"
    return subject.tag or "*"


def _strength(candidate: _Candidate) -> tuple[Specificity, int]:
    return candidate.specificity, candidate.order


def _is_read(declaration: Declaration) -> bool:
    return declaration.name in READ or declaration.name.startswith("--")


def _is_important(declaration: Declaration) -> bool:
    return declaration.important
