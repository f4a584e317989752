"""What other programs read: previews, translations, structured data, links."""

import json
import re
from typing import Any

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, Needs, rule

_SEO = Category.SEO
_PREVIEW = ("og:title", "og:description", "og:image")
_LANGUAGE = re.compile(
    r"x-default|[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?", re.IGNORECASE
)
_LONGEST_URL = 115
_DATA = '<script type="application/ld+json">{}</script>'


@rule(
    "preview",
    _SEO,
    Severity.MINOR,
    message="Links to the page show no proper preview when they are shared.",
    fix="Add og:title, og:description and og:image as <meta property> elements.",
    fails='<meta property="og:title" content="Shop">',
    passes='<meta property="og:title" content="Shop"><meta property="og:description" '
    'content="Repairs"><meta property="og:image" content="https://example.org/a.png">',
)
def preview(page: Page) -> Hits:
    lacking = [
        name
        for name in _PREVIEW
        if not any(meta.get("content") for meta in page.metas(name))
    ]
    if lacking:
        yield Hit(note=f"Missing: {', '.join(lacking)}.")


@rule(
    "preview-image",
    _SEO,
    Severity.MINOR,
    message="The preview's image has no absolute address, so most programs skip it.",
    fix="Write the whole address, with https://.",
    fails='<meta property="og:image" content="/a.png">',
    passes='<meta property="og:image" content="https://example.org/a.png">',
)
def preview_image(page: Page) -> Hits:
    for meta in page.metas("og:image"):
        if not meta.get("content").lower().startswith(("https://", "http://")):
            yield meta


@rule(
    "translations",
    _SEO,
    Severity.MODERATE,
    message="The link to a translation is not valid.",
    fix="Give a code such as de or pt-BR in hreflang, and an absolute address.",
    fails='<link rel="alternate" hreflang="en-UK-london" href="https://example.org/en">',
    passes='<link rel="alternate" hreflang="en-GB" href="https://example.org/en">',
)
def translations(page: Page) -> Hits:
    for link in page.links("alternate"):
        if not link.has("hreflang"):
            continue
        language, target = link.get("hreflang"), link.get("href")
        if not _LANGUAGE.fullmatch(language) or language.lower() == "en-uk":
            yield Hit(link, f"“{language[:60]}” is no language code.")
        elif not target.lower().startswith("http"):
            yield Hit(link, "The address is not absolute.")


@rule(
    "translations-itself",
    _SEO,
    Severity.MINOR,
    message="The page lists its translations but not itself.",
    fix="Add a link with this page's own language and address.",
    fails='<link rel="alternate" hreflang="de" href="https://example.org/de">',
    passes='<link rel="alternate" hreflang="en" href="https://example.org/">',
    needs=Needs.RESPONSE,
)
def translations_itself(page: Page) -> Hits:
    listed = [link for link in page.links("alternate") if link.has("hreflang")]
    targets = {page.absolute(link.get("href")).rstrip("/") for link in listed}
    if listed and page.url.rstrip("/") not in targets:
        yield listed[0]


def _structured(page: Page) -> list[tuple[Element, Any, str]]:
    """Read the structured data: element, value, and what is wrong with its JSON."""
    found: list[tuple[Element, Any, str]] = []
    for script in page.tags("script"):
        if script.get("type").lower() != "application/ld+json":
            continue
        text = page.raw_text(script)
        try:
            value = json.loads(text)
        except ValueError as error:
            found.append((script, None, str(error)))
        except RecursionError:
            found.append((script, None, "Its brackets are nested too deep."))
        else:
            found.append((script, value, ""))
    return found


@rule(
    "structured-data",
    _SEO,
    Severity.MODERATE,
    message="The structured data cannot be read.",
    fix="Correct the JSON; a trailing comma or a single quote is enough to break it.",
    fails=_DATA.format('{"@context": "https://schema.org",}'),
    passes=_DATA.format('{"@context": "https://schema.org", "@type": "Store"}'),
)
def structured_data(page: Page) -> Hits:
    return (Hit(script, wrong) for script, _, wrong in _structured(page) if wrong)


@rule(
    "structured-data-type",
    _SEO,
    Severity.MINOR,
    message="The structured data does not say what it describes.",
    fix='Add "@context": "https://schema.org" and an "@type".',
    fails=_DATA.format('{"name": "Shop"}'),
    passes=_DATA.format('{"@context": "https://schema.org", "@type": "Store"}'),
)
def structured_data_type(page: Page) -> Hits:
    for script, value, wrong in _structured(page):
        items = value if isinstance(value, list) else [value]
        if not wrong and not all(map(_is_typed, items)):
            yield script


def _is_typed(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    return "@graph" in item or ("@type" in item and "@context" in item)


@rule(
    "link-crawlable",
    _SEO,
    Severity.MODERATE,
    message="Search engines cannot follow the link.",
    fix="Put a real address into href; use a <button> for actions.",
    fails='<a href="javascript:show(2)">Next</a>',
    passes='<a href="/page/2">Next</a>',
)
def link_crawlable(page: Page) -> Hits:
    for link in page.tags("a"):
        target = link.get("href").lower()
        if target.startswith("javascript:") and not link.get("role"):
            yield link


@rule(
    "link-distrusted",
    _SEO,
    Severity.MINOR,
    message="The page tells search engines not to trust its own site.",
    fix="Remove rel=nofollow from links within the site.",
    fails='<a href="/prices" rel="nofollow">Prices</a>',
    passes='<a href="https://other.example/" rel="nofollow">Other</a>',
)
def link_distrusted(page: Page) -> Hits:
    for link in page.tags("a"):
        inside = link.get("href") and not page.outside(link.get("href"))
        if inside and "nofollow" in link.words("rel"):
            is_far = link.get("href").lower().startswith(("http:", "https:", "//"))
            if page.host or not is_far:
                yield link


@rule(
    "address-readable",
    _SEO,
    Severity.MINOR,
    message="The page's address is hard to read or remember.",
    fix=f"Use lower-case words joined by hyphens, at most {_LONGEST_URL} characters.",
    fails=Example(url="https://example.org/Our_Shop/index_2.php?id=7&Session=1"),
    passes=Example(url="https://example.org/our-shop"),
    needs=Needs.RESPONSE,
)
def address_readable(page: Page) -> Hits:
    path = page.url.partition("://")[2].partition("/")[2]
    unclear = "_" in path or path != path.lower() or path.count("&") > 2  # noqa: PLR2004 - taste
    if unclear or len(page.url) > _LONGEST_URL:
        yield Hit(note=page.url)
