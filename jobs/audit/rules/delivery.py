"""How the server sends the page and its files."""

from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.resources import Resource
from jobs.audit.rules.declare import Example, Needs, rule

_SPEED = Category.PERFORMANCE
_WORTH_PACKING = 1_400
_SLOW = 1.5
_TEXT = ("text/", "javascript", "json", "svg", "xml")
_SHEET = "https://example.org/a.css"


@rule(
    "compression",
    _SPEED,
    Severity.SERIOUS,
    message="The server sends the page without compression.",
    fix="Switch on gzip, Brotli or Zstandard for text.",
    fails=Example("<p>" + "Words. " * 400),
    passes=Example("<p>" + "Words. " * 400, {"Content-Encoding": "gzip"}),
    needs=Needs.RESPONSE,
)
def compression(page: Page) -> Hits:
    response = page.response
    if response is None or response.header("content-encoding"):
        return
    if len(response.content) > _WORTH_PACKING:
        yield Hit(note=f"{len(response.content):,} bytes were sent as they are.")


@rule(
    "file-compression",
    _SPEED,
    Severity.MODERATE,
    message="The server sends a text file without compression.",
    fix="Switch on gzip, Brotli or Zstandard for stylesheets, scripts and SVG.",
    fails=Example(resources=(Resource(_SHEET, 200, 50_000, "text/css"),)),
    passes=Example(resources=(Resource(_SHEET, 200, 5_000, "text/css", "gzip"),)),
    needs=Needs.RESOURCES,
)
def file_compression(page: Page) -> Hits:
    for file in (page.resources or {}).values():
        is_text = any(kind in file.media_type for kind in _TEXT)
        if is_text and file.size > _WORTH_PACKING and not file.packed:
            yield Hit(note=f"{file.url} ({file.size:,} bytes)")


@rule(
    "file-caching",
    _SPEED,
    Severity.MODERATE,
    message="Browsers are not told how long they may keep the file.",
    fix="Send Cache-Control: public, max-age=31536000, immutable with versioned names.",
    fails=Example(resources=(Resource(_SHEET, 200, 50, "text/css"),)),
    passes=Example(
        resources=(Resource(_SHEET, 200, 50, "text/css", "", "max-age=31536000"),)
    ),
    needs=Needs.RESOURCES,
)
def file_caching(page: Page) -> Hits:
    for file in (page.resources or {}).values():
        ours = not page.outside(file.url)
        if ours and file.status == 200 and not file.caching:  # noqa: PLR2004 - HTTP's OK
            yield Hit(note=file.url)


@rule(
    "page-caching",
    _SPEED,
    Severity.MINOR,
    message="The server does not say whether the page may be kept.",
    fix="Send Cache-Control, and an ETag so that an unchanged page is not sent again.",
    fails=Example(headers={"Date": "Sat, 21 Nov 2026 12:00:00 GMT"}),
    passes=Example(headers={"Cache-Control": "no-cache", "ETag": '"a"'}),
    needs=Needs.RESPONSE,
)
def page_caching(page: Page) -> Hits:
    said = ("cache-control", "expires", "etag", "last-modified")
    if page.response and not any(page.response.header(name) for name in said):
        yield Hit()


@rule(
    "redirects",
    _SPEED,
    Severity.MINOR,
    message="The visitor is sent on several times before the page comes.",
    fix="Redirect once, to the final address.",
    fails=Example(redirects=("http://example.org/", "https://www.example.org/")),
    passes=Example(redirects=("http://example.org/",)),
    needs=Needs.RESPONSE,
)
def redirects(page: Page) -> Hits:
    steps = page.response.redirects if page.response else ()
    if len(steps) > 1:
        yield Hit(note=" → ".join((*steps, page.url)))


@rule(
    "answer-time",
    _SPEED,
    Severity.MODERATE,
    message=f"The server took longer than {_SLOW:g} seconds to send the page.",
    fix="Keep finished pages ready, and look for slow queries.",
    fails=Example(seconds=4.2),
    passes=Example(seconds=0.2),
    needs=Needs.RESPONSE,
)
def answer_time(page: Page) -> Hits:
    if page.response and page.response.seconds > _SLOW:
        yield Hit(note=f"It took {page.response.seconds:.1f} seconds.")
