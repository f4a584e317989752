"""Tables that can be read cell by cell."""

from collections import defaultdict

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule

_A11Y = Category.ACCESSIBILITY
_SCOPES = frozenset({"row", "col", "rowgroup", "colgroup"})
_FEW = 2


def _data_tables(page: Page) -> list[Element]:
    found = page.heard(page.tags("table"))
    return [one for one in found if one.get("role") not in {"presentation", "none"}]


def _cells(page: Page, table: Element, tag: str) -> list[Element]:
    """Find a table's own cells or rows, not those of tables inside it."""
    return page.once(_owned)[table.index, tag]


def _owned(page: Page) -> dict[tuple[int, str], list[Element]]:
    """Sort every row and cell by the table it belongs to, in one pass."""
    found: dict[tuple[int, str], list[Element]] = defaultdict(list)
    owners: dict[int, int] = {}
    for element in page.elements:
        outer = element.parent
        if outer is None:
            continue
        owner = outer.index if outer.tag == "table" else owners.get(outer.index)
        if owner is not None:
            owners[element.index] = owner
            found[owner, element.tag].append(element)
    return found


@rule(
    "table-headers",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The table has no header cells.",
    fix='Make the first row or column <th scope="col"> or <th scope="row">.',
    fails="<table><tr><td>Size<td>Price<tr><td>S<td>5 €</table>",
    passes="<table><tr><th>Size<th>Price<tr><td>S<td>5 €</table>",
)
def table_headers(page: Page) -> Hits:
    for table in _data_tables(page):
        rows = _cells(page, table, "tr")
        wide = any(len(row.children) >= _FEW for row in rows)
        if len(rows) >= _FEW and wide and not _cells(page, table, "th"):
            yield table


@rule(
    "table-header-empty",
    _A11Y,
    Severity.MINOR,
    wcag="1.3.1",
    message="The header cell is empty.",
    fix="Name the column or row; use <td> for an empty corner.",
    fails="<table><tr><th>Size<th><tr><td>S<td>5 €</table>",
    passes="<table><tr><th>Size<th>Price<tr><td>S<td>5 €</table>",
)
def table_header_empty(page: Page) -> Hits:
    for cell in page.heard(page.tags("th")):
        spoken = page.text(cell) or cell.get("aria-label") or cell.get("title")
        if not spoken and not any(one.get("alt") for one in page.within(cell)[:20]):
            yield cell


@rule(
    "table-scope",
    _A11Y,
    Severity.MODERATE,
    wcag="1.3.1",
    message="The scope of the header cell is not valid.",
    fix="Use scope row, col, rowgroup or colgroup, on <th> only.",
    fails='<table><tr><th scope="column">Size<tr><td>S</table>',
    passes='<table><tr><th scope="col">Size<tr><td>S</table>',
)
def table_scope(page: Page) -> Hits:
    for cell in page.having("scope"):
        if cell.tag == "td" or cell.get("scope").lower() not in _SCOPES:
            yield cell


@rule(
    "table-header-reference",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The cell names a header that is not on the page.",
    fix="Correct the ids in the headers attribute, or remove it.",
    fails='<table><tr><th id="a">A<tr><td headers="b">1</table>',
    passes='<table><tr><th id="a">A<tr><td headers="a">1</table>',
)
def table_header_reference(page: Page) -> Hits:
    for cell in page.having("headers"):
        lost = [one for one in cell.get("headers").split() if one not in page.by_id]
        if cell.tag in {"td", "th"} and lost:
            yield Hit(cell, f"No element has the id “{lost[0][:60]}”.")


@rule(
    "table-caption-cell",
    _A11Y,
    Severity.MINOR,
    wcag="1.3.1",
    message="The first row of the table stands in for its title.",
    fix="Use <caption> for the title.",
    fails='<table><tr><td colspan="2">Prices<tr><th>S<th>M<tr><td>5<td>6</table>',
    passes="<table><caption>Prices</caption><tr><th>S<th>M<tr><td>5<td>6</table>",
)
def table_caption_cell(page: Page) -> Hits:
    for table in _data_tables(page):
        rows = [row for row in _cells(page, table, "tr") if row.children][:_FEW]
        if len(rows) == _FEW and len(rows[0].children) == 1:
            cell = rows[0].children[0]
            span = cell.get("colspan")
            if span.isdecimal() and span == str(len(rows[1].children)) and span != "1":
                yield cell
