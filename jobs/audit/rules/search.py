"""What search engines show, and whether they may."""

from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, Needs, rule

_SEO = Category.SEO
_TITLE = range(10, 66)
_DESCRIPTION = range(50, 166)
_HIDES = frozenset({"noindex", "none"})
_GOOD = "A bicycle shop in the market hall that repairs what you bring, while you wait."


@rule(
    "title-length",
    _SEO,
    Severity.MODERATE,
    message="The title is too short to tell much, or too long to be shown whole.",
    fix=f"Write {_TITLE.start} to {_TITLE.stop - 1} characters, the topic first.",
    fails="<title>Home</title>",
    passes="<title>Bicycle repairs while you wait – Market Hall</title>",
)
def title_length(page: Page) -> Hits:
    title = page.text(page.title) if page.title else ""
    if title and len(title) not in _TITLE:
        yield Hit(page.title, f"It has {len(title)} characters.")


@rule(
    "title-several",
    _SEO,
    Severity.MODERATE,
    message="The page has several titles.",
    fix="Keep one <title> in the head.",
    fails="<title>One for the shop</title><title>Two for the shop</title>",
    passes="<title>One for the shop</title>",
)
def title_several(page: Page) -> Hits:
    outside = (one for one in page.tags("title") if one.parent is not None)
    return [one for one in outside if one.parent and one.parent.tag == "head"][1:]


@rule(
    "description",
    _SEO,
    Severity.MODERATE,
    message="The page has no description for search results.",
    fix='Add <meta name="description" content="…"> with one or two sentences.',
    fails="<title>Shop</title>",
    passes=f'<meta name="description" content="{_GOOD}">',
)
def description(page: Page) -> Hits:
    if not any(meta.get("content") for meta in page.metas("description")):
        yield next(iter(page.metas("description")), Hit())


@rule(
    "description-length",
    _SEO,
    Severity.MINOR,
    message="The description is too short to help, or too long to be shown whole.",
    fix=f"Write {_DESCRIPTION.start} to {_DESCRIPTION.stop - 1} characters.",
    fails='<meta name="description" content="Our shop.">',
    passes=f'<meta name="description" content="{_GOOD}">',
)
def description_length(page: Page) -> Hits:
    for meta in page.metas("description"):
        length = len(meta.get("content"))
        if length and length not in _DESCRIPTION:
            yield Hit(meta, f"It has {length} characters.")


@rule(
    "description-several",
    _SEO,
    Severity.MINOR,
    message="The page has several descriptions.",
    fix="Keep one.",
    fails='<meta name="description" content="A"><meta name="description" content="B">',
    passes='<meta name="description" content="A">',
)
def description_several(page: Page) -> Hits:
    return page.metas("description")[1:]


@rule(
    "indexing-forbidden",
    _SEO,
    Severity.SERIOUS,
    message="The page asks search engines to leave it out.",
    fix="Remove noindex if the page is meant to be found.",
    fails='<meta name="robots" content="noindex, follow">',
    passes='<meta name="robots" content="max-image-preview:large">',
)
def indexing_forbidden(page: Page) -> Hits:
    for meta in page.metas("robots") + page.metas("googlebot"):
        words = meta.get("content").lower().replace(",", " ").split()
        if _HIDES.intersection(words):
            yield meta


@rule(
    "indexing-forbidden-by-header",
    _SEO,
    Severity.SERIOUS,
    message="The server asks search engines to leave the page out.",
    fix="Remove noindex from the X-Robots-Tag header if the page is meant to be found.",
    fails=Example(headers={"X-Robots-Tag": "noindex"}),
    passes=Example(headers={"X-Robots-Tag": "unavailable_after: 2030-01-01"}),
    needs=Needs.RESPONSE,
)
def indexing_forbidden_by_header(page: Page) -> Hits:
    said = page.response.header("x-robots-tag").lower() if page.response else ""
    if _HIDES.intersection(said.replace(",", " ").split()):
        yield Hit(note=f"X-Robots-Tag: {said}")


@rule(
    "canonical",
    _SEO,
    Severity.MINOR,
    message="The page does not name its one true address.",
    fix='Add <link rel="canonical" href="https://…">.',
    fails="<title>Shop</title>",
    passes='<link rel="canonical" href="https://example.org/">',
)
def canonical(page: Page) -> Hits:
    in_header = page.response is not None and (
        'rel="canonical"' in page.response.header("link")
    )
    if not page.links("canonical") and not in_header:
        yield Hit()


@rule(
    "canonical-valid",
    _SEO,
    Severity.MODERATE,
    message="The canonical address is relative, empty, or given several times.",
    fix="Give one absolute address.",
    fails='<link rel="canonical" href="/shop">',
    passes='<link rel="canonical" href="https://example.org/shop">',
)
def canonical_valid(page: Page) -> Hits:
    found = page.links("canonical")
    yield from found[1:]
    for link in found[:1]:
        if not link.get("href").lower().startswith(("https://", "http://")):
            yield link


@rule(
    "canonical-elsewhere",
    _SEO,
    Severity.SERIOUS,
    message="The canonical address is on another site: this page will not be listed.",
    fix="Point it to this page, unless it is a copy of the other.",
    fails='<link rel="canonical" href="https://other.example/">',
    passes='<link rel="canonical" href="https://example.org/">',
    needs=Needs.RESPONSE,
)
def canonical_elsewhere(page: Page) -> Hits:
    for link in page.links("canonical"):
        host = page.host.removeprefix("www.")
        target = page.absolute(link.get("href"))
        if page.outside(target) and f"//{host}" not in target.replace("www.", ""):
            yield link


@rule(
    "main-heading",
    _SEO,
    Severity.MODERATE,
    message="The page has no main heading.",
    fix="Add one <h1> that says what the page is about.",
    fails="<h2>Prices</h2>",
    passes="<h1>Prices</h1>",
)
def main_heading(page: Page) -> Hits:
    if not page.heard(page.tags("h1")):
        yield page.body


@rule(
    "main-heading-several",
    _SEO,
    Severity.MINOR,
    message="The page has several main headings.",
    fix="Keep one <h1>; make the others <h2>.",
    fails="<h1>Shop</h1><h1>Prices</h1>",
    passes="<h1>Shop</h1><h2>Prices</h2>",
)
def main_heading_several(page: Page) -> Hits:
    return page.heard(page.tags("h1"))[1:]


@rule(
    "mobile-viewport",
    _SEO,
    Severity.SERIOUS,
    message="Telephones show the page tiny: it has no viewport.",
    fix='Add <meta name="viewport" content="width=device-width, initial-scale=1">.',
    fails="<title>Shop</title>",
    passes='<meta name="viewport" content="width=device-width, initial-scale=1">',
)
def mobile_viewport(page: Page) -> Hits:
    contents = [meta.get("content").replace(" ", "") for meta in page.metas("viewport")]
    if not any(
        "width=" in content or "initial-scale" in content for content in contents
    ):
        yield next(iter(page.metas("viewport")), Hit())


@rule(
    "doctype",
    _SEO,
    Severity.MODERATE,
    message="The page does not begin with <!doctype html>; browsers fall back to 1998.",
    fix="Write <!doctype html> as the first line.",
    fails="<html><p>Hello.",
    passes="<!doctype html><html><p>Hello.",
)
def doctype(page: Page) -> Hits:
    if (page.doctype or "").lower() != "html":
        yield page.html


@rule(
    "charset",
    _SEO,
    Severity.MODERATE,
    message="Neither the page nor the server says which characters it is written in.",
    fix='Add <meta charset="utf-8"> as the first thing in the head.',
    fails=Example("<title>Shop</title>", {"Content-Type": "text/html"}),
    passes='<meta charset="utf-8"><title>Shop</title>',
)
def charset(page: Page) -> Hits:
    said = page.response.header("content-type").lower() if page.response else ""
    in_meta = any(
        "charset" in meta.get("content").lower() for meta in page.tags("meta")
    )
    if "charset" not in said and not page.having("charset") and not in_meta:
        yield Hit()


@rule(
    "icon",
    _SEO,
    Severity.MINOR,
    message="The page has no icon for tabs and bookmarks.",
    fix='Add <link rel="icon" href="/icon.svg">.',
    fails="<title>Shop</title>",
    passes='<link rel="shortcut icon" href="/favicon.ico">',
)
def icon(page: Page) -> Hits:
    if not page.links("icon") and not page.links("apple-touch-icon"):
        yield Hit()
