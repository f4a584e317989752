"""Language, title, zoom and time: what holds for the document as a whole."""

import re

from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule

_A11Y = Category.ACCESSIBILITY
# BCP 47: language, then script, region and variants.
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3})){0,5}(?:-[a-wyz\d](?:-[a-z\d]{2,8}){1,5}){0,3}"
    r"(?:-x(?:-[a-z\d]{1,8}){1,5})?",
    re.IGNORECASE,
)
_NO_LANGUAGES = frozenset(
    {"en-uk", "english", "german", "deutsch", "french", "spanish"}
)
_LONGEST_TAG = 60
_ZOOM_WCAG = 2.0
_ALWAYS = 20 * 60 * 60


def _is_language(tag: str) -> bool:
    well_formed = len(tag) <= _LONGEST_TAG and _LANGUAGE.fullmatch(tag) is not None
    return well_formed and tag.lower() not in _NO_LANGUAGES


@rule(
    "page-language",
    _A11Y,
    Severity.SERIOUS,
    wcag="3.1.1",
    message="The page does not say which language it is in.",
    fix='Add the language to the html element, such as <html lang="en">.',
    fails="<!doctype html><html><p>Hello.",
    passes='<!doctype html><html lang="en"><p>Hello.',
)
def page_language(page: Page) -> Hits:
    if not page.html.get("lang") and not page.html.get("xml:lang"):
        yield page.html


@rule(
    "page-language-valid",
    _A11Y,
    Severity.SERIOUS,
    wcag="3.1.1",
    message="The language of the page is not a valid code.",
    fix="Use a code such as en, de or pt-BR.",
    fails='<html lang="english"><p>Hello.',
    passes='<html lang="en-GB"><p>Hello.',
)
def page_language_valid(page: Page) -> Hits:
    tag = page.html.get("lang")
    if tag and not _is_language(tag):
        yield Hit(page.html, f"“{tag[:60]}” is no language code.")


@rule(
    "part-language-valid",
    _A11Y,
    Severity.MODERATE,
    wcag="3.1.2",
    message="The language of the part is not a valid code.",
    fix="Use a code such as en, de or pt-BR.",
    fails='<p lang="deutsch">Guten Tag.',
    passes='<p lang="de">Guten Tag.',
)
def part_language_valid(page: Page) -> Hits:
    for element in page.having("lang"):
        tag = element.get("lang")
        if element is not page.html and tag and not _is_language(tag):
            yield Hit(element, f"“{tag[:60]}” is no language code.")


@rule(
    "page-title",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.4.2",
    message="The page has no title.",
    fix="Add <title> with the page's topic first, then the site's name.",
    fails="<head><title></title></head><p>Hello.",
    passes="<head><title>Prices – Bicycle shop</title></head><p>Hello.",
)
def page_title(page: Page) -> Hits:
    if page.title is None or not page.text(page.title):
        yield page.title or Hit()


@rule(
    "zoom",
    _A11Y,
    Severity.CRITICAL,
    wcag="1.4.4",
    message="People cannot enlarge the page on a telephone.",
    fix="Remove user-scalable=no and maximum-scale from the viewport.",
    fails='<meta name="viewport" content="width=device-width, user-scalable=no">',
    passes='<meta name="viewport" content="width=device-width, initial-scale=1">',
)
def zoom(page: Page) -> Hits:
    for meta in page.metas("viewport"):
        pairs = (part.partition("=") for part in meta.get("content").lower().split(","))
        said = {name.strip(): value.strip() for name, _, value in pairs}
        limit = _number(said.get("maximum-scale", ""))
        if said.get("user-scalable") in {"no", "0"} or limit < _ZOOM_WCAG:
            yield meta


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return _ZOOM_WCAG


@rule(
    "timed-refresh",
    _A11Y,
    Severity.CRITICAL,
    wcag="2.2.1",
    message="The page reloads or leaves by itself while someone reads.",
    fix="Redirect on the server; let people reload when they want to.",
    fails='<meta http-equiv="refresh" content="30">',
    passes='<meta http-equiv="refresh" content="0; url=/new">',
)
def timed_refresh(page: Page) -> Hits:
    for meta in page.tags("meta"):
        seconds = re.split(r"[;,]", meta.get("content"), maxsplit=1)[0].strip()
        if (
            meta.get("http-equiv").lower() == "refresh"
            and 0 < _seconds(seconds) < _ALWAYS
        ):
            yield meta


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < len("1000000") else 0
