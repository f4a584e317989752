"""Puts a page together: markup, how it was sent, its stylesheets and files."""

from collections.abc import Iterable, Iterator, Mapping

from jobs.audit.css.media import applies_to_screen
from jobs.audit.css.sheet import Sheet, read_sheet
from jobs.audit.element import Element
from jobs.audit.page import Page
from jobs.audit.reading import read_page
from jobs.audit.resources import Resource
from jobs.providers.fetch import Response

# A megabyte takes some five seconds to read; no page made with care has as much.
MOST_CSS = 2**20
_UNREAD = "It was not read: the page has more than 1 MiB of styles."


def assemble(
    source: str,
    response: Response | None = None,
    linked: Mapping[str, str] | None = None,
    resources: Iterable[Resource] | None = None,
) -> Page:
    """Parse a page with its style elements and the linked stylesheets by address."""
    page = read_page(source, response)
    page.sheets = read_sheets(page, linked or {})
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


def read_sheets(page: Page, linked: Mapping[str, str]) -> list[Sheet]:
    """Read style elements and linked stylesheets, in the order they apply."""
    return list(_sheets(page, linked))


def _sheets(page: Page, linked: Mapping[str, str]) -> Iterator[Sheet]:
    room = MOST_CSS
    for element in page.tags("style", "link"):
        url = page.absolute(element.get("href")) if element.tag == "link" else ""
        if element.tag == "style":
            source = page.raw_text(element)
        elif _is_stylesheet(element) and url in linked:
            source = linked[url]
        else:
            continue
        active = applies_to_screen(element.get("media"))
        line = 1 if url else element.line
        room -= len(source)
        if room < 0:
            yield Sheet(source, url, errors=[(_UNREAD, line, 1)])
        else:
            yield read_sheet(source, url, line=line, active=active)
