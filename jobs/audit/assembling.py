"""Puts a page together: markup, how it was sent, its stylesheets and files."""

from collections.abc import Iterable, Mapping

from jobs.audit.css.media import applies_to_screen
from jobs.audit.css.sheet import Sheet, read_sheet
from jobs.audit.element import Element
from jobs.audit.page import Page
from jobs.audit.reading import read_page
from jobs.audit.resources import Resource
from jobs.providers.fetch import Response


def assemble(
    source: str,
    response: Response | None = None,
    linked: Mapping[str, str] | None = None,
    resources: Iterable[Resource] | None = None,
) -> Page:
    """Parse a page with its style elements and the linked stylesheets by address."""
    page = read_page(source, response)
    page.sheets = [
        sheet
        for element in page.tags("style", "link")
        if (sheet := _sheet_of(page, element, linked or {})) is not None
    ]
    if resources is not None:
        page.resources = {resource.url: resource for resource in resources}
    return page


def stylesheet_urls(page: Page) -> list[str]:
    """List the addresses of a page's stylesheets, each once, in document order."""
    found = (
        page.absolute(link.get("href"))
        for link in page.tags("link")
        if _is_stylesheet(link)
    )
    return [one for one in dict.fromkeys(found) if one.startswith("http")]


def resource_urls(page: Page) -> list[str]:
    """List the addresses of a page's images and scripts, by turns, each once."""
    images = [image.get("src") for image in page.tags("img")]
    scripts = [script.get("src") for script in page.tags("script")]
    longest = max(len(images), len(scripts))
    mixed = [
        group[place]
        for place in range(longest)
        for group in (images, scripts)
        if place < len(group)
    ]
    found = (page.absolute(address) for address in mixed if address)
    return [one for one in dict.fromkeys(found) if one.startswith("http")]


def _is_stylesheet(link: Element) -> bool:
    kinds = link.words("rel")
    return bool(link.get("href")) and "stylesheet" in kinds and "alternate" not in kinds


def _sheet_of(page: Page, element: Element, linked: Mapping[str, str]) -> Sheet | None:
    """Read the stylesheet an element brings in; None when there is none."""
    active = applies_to_screen(element.get("media"))
    if element.tag == "style":
        source = page.raw_text(element)
        return read_sheet(source, line=element.line, active=active)
    url = page.absolute(element.get("href"))
    if not _is_stylesheet(element) or url not in linked:
        return None
    return read_sheet(linked[url], url, active=active)
