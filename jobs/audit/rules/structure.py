"""Headings, landmarks, lists and tables: the page's table of contents."""

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.naming import name_of
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule

_A11Y = Category.ACCESSIBILITY
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_IN_LISTS = frozenset({"li", "script", "template"})
_IN_TERMS = frozenset({"dt", "dd", "div", "script", "template"})
_SECTIONS = ("article", "aside", "main", "nav", "section")
_FEW_LINKS = 10


def headings(page: Page) -> list[tuple[int, Element]]:
    """List the headings people are told of, with their levels, in order."""
    found = [(int(one.tag[1]), one) for one in page.heard(page.tags(*_HEADINGS))]
    for element in page.heard(page.having("role")):
        level = element.get("aria-level")
        if element.get("role") == "heading" and level.isdecimal() and len(level) == 1:
            found.append((int(level), element))
    return sorted(found, key=_place)


def _place(heading: tuple[int, Element]) -> int:
    return heading[1].index


@rule(
    "heading-order",
    _A11Y,
    Severity.MODERATE,
    wcag="1.3.1",
    message="The heading skips a level.",
    fix="Go down one level at a time; choose the size with CSS.",
    fails="<h1>Shop</h1><h4>Opening hours</h4>",
    passes="<h1>Shop</h1><h2>Opening hours</h2>",
)
def heading_order(page: Page) -> Hits:
    last = 0
    for level, heading in headings(page):
        if last and level > last + 1:
            yield Hit(heading, f"Level {level} follows level {last}.")
        last = level


@rule(
    "heading-empty",
    _A11Y,
    Severity.MODERATE,
    wcag="2.4.6",
    message="The heading is empty.",
    fix="Write what the part is about, or remove the heading.",
    fails="<h1>Shop</h1><h2> </h2>",
    passes="<h1>Shop</h1><h2>News</h2>",
)
def heading_empty(page: Page) -> Hits:
    return (one for _, one in headings(page) if not name_of(page, one))


def _landmarks(page: Page, tag: str, role: str) -> list[Element]:
    by_role = [one for one in page.having("role") if one.get("role").lower() == role]
    by_tag = [one for one in page.tags(tag) if not one.get("role")]
    return page.heard(by_tag + by_role)


@rule(
    "landmark-main",
    _A11Y,
    Severity.MODERATE,
    message="The page does not say where its main content is.",
    fix="Put the main content into one <main>.",
    fails="<body><h1>Shop</h1>",
    passes="<body><main><h1>Shop</h1></main>",
)
def landmark_main(page: Page) -> Hits:
    if not _landmarks(page, "main", "main"):
        yield page.body


@rule(
    "landmark-main-twice",
    _A11Y,
    Severity.MODERATE,
    message="The page has several main parts.",
    fix="Keep one <main>; make the others <section>.",
    fails="<main>One</main><main>Two</main>",
    passes="<main>One</main><section>Two</section>",
)
def landmark_main_twice(page: Page) -> Hits:
    return _landmarks(page, "main", "main")[1:]


@rule(
    "landmark-name",
    _A11Y,
    Severity.MODERATE,
    message="Several navigations cannot be told apart.",
    fix='Name each: aria-label="Main", aria-label="Footer".',
    fails='<nav><a href="/">Home</a></nav><nav><a href="/help">Help</a></nav>',
    passes='<nav aria-label="Main"><a href="/">Home</a></nav>'
    '<nav aria-label="Help"><a href="/help">Help</a></nav>',
)
def landmark_name(page: Page) -> Hits:
    found = _landmarks(page, "nav", "navigation")
    names: set[str] = set()
    for landmark in found:
        name = name_of(page, landmark).lower()
        if len(found) > 1 and name in names | {""}:
            yield landmark
        names.add(name)


@rule(
    "landmark-banner-twice",
    _A11Y,
    Severity.MINOR,
    message="The page has several page headers or footers.",
    fix="Keep one <header> and <footer> of the page; put the others into sections.",
    fails="<header>One</header><header>Two</header>",
    passes="<header>One</header><article><header>Two</header></article>",
)
def landmark_banner_twice(page: Page) -> Hits:
    for tag, role in (("header", "banner"), ("footer", "contentinfo")):
        found = _landmarks(page, tag, role)
        yield from [one for one in found if not _in_section(one)][1:]


def _in_section(element: Element) -> bool:
    return any(outer.tag in _SECTIONS for outer in element.ancestors())


@rule(
    "bypass",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.4.1",
    message="With a keyboard, one has to pass all links to reach the content.",
    fix="Add a <main>, headings, or a first link “Skip to content”.",
    fails="<div>" + '<a href="/a">A</a> ' * 12 + "</div><p>Text",
    passes='<a href="#c">Skip to content</a>'
    + '<a href="/a">A</a> ' * 12
    + '<p id="c">',
)
def bypass(page: Page) -> Hits:
    links = [one for one in page.shown(page.tags("a")) if one.has("href")]
    skips = (one.get("href")[1:] in page.by_id for one in links[:3])
    marked = _landmarks(page, "main", "main") or headings(page)
    if len(links) > _FEW_LINKS and not marked and not any(skips):
        yield page.body


@rule(
    "list-parts",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The list holds something else than list items.",
    fix="Put every part of a <ul> or <ol> into an <li>.",
    fails="<ul><div>One</div></ul>",
    passes="<ul><li>One</li></ul>",
)
def list_parts(page: Page) -> Hits:
    for outer in page.heard(page.tags("ul", "ol")):
        wrong = [one for one in outer.children if one.tag not in _IN_LISTS]
        if wrong and not outer.get("role"):
            yield Hit(outer, f"It holds <{wrong[0].tag}>.")


@rule(
    "list-item",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The list item is not in a list.",
    fix="Put a <ul> or <ol> around it.",
    fails="<div><li>One</li></div>",
    passes="<ul><li>One</li></ul>",
)
def list_item(page: Page) -> Hits:
    for item in page.heard(page.tags("li")):
        outer = item.parent
        in_list = outer is not None and (
            outer.tag in {"ul", "ol", "menu"} or outer.get("role") == "list"
        )
        if not in_list and not item.get("role"):
            yield item


@rule(
    "terms",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.3.1",
    message="The list of terms is not made of <dt> and <dd>.",
    fix="Use only <dt>, <dd>, and <div> around pairs of them, inside a <dl>.",
    fails="<dl><p>Price</p><dd>5 €</dd></dl>",
    passes="<dl><dt>Price</dt><dd>5 €</dd></dl>",
)
def terms(page: Page) -> Hits:
    for outer in page.heard(page.tags("dl")):
        if any(one.tag not in _IN_TERMS for one in outer.children):
            yield outer
    for part in page.heard(page.tags("dt", "dd")):
        if part.parent is not None and part.parent.tag not in {"dl", "div"}:
            yield part
