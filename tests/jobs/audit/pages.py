"""Pages for tests, made from the examples of the rules' table."""

from jobs.audit.assembling import assemble
from jobs.audit.css.sheet import read_sheet
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example
from jobs.providers.fetch import Response

STYLESHEET = "https://example.org/style.css"


def page_of(example: Example) -> Page:
    """Build the page an example describes."""
    content = example.html.encode()
    response = Response(
        example.url,
        200,
        tuple((name.lower(), value) for name, value in example.headers.items()),
        content,
        len(content),
        example.seconds,
        example.redirects,
    )
    page = assemble(example.html, response, resources=example.resources)
    if example.css:
        page.sheets.append(read_sheet(example.css, STYLESHEET))
    return page


def markup(html: str) -> Page:
    """Build a page nobody sent: only markup was handed in."""
    return assemble(html)
