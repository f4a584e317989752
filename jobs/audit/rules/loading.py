"""In which order things load, and what waits for what."""

from jobs.audit.css.sheet import Declaration
from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, rule

_SPEED = Category.PERFORMANCE
_SHEETS, _AT_ONCE = 3, 6
_LATER = frozenset({"module", "application/ld+json", "application/json", "importmap"})
_SIDES = ("width", "height")


def in_head(element: Element) -> bool:
    """Tell whether an element stands in the document's head."""
    return element.parent is not None and element.parent.tag == "head"


@rule(
    "script-blocks",
    _SPEED,
    Severity.SERIOUS,
    message="Nothing is shown until this script has been loaded and run.",
    fix="Add defer, or async if no other script depends on it.",
    fails='<head><script src="/app.js"></script></head>',
    passes='<head><script src="/app.js" defer></script></head>',
)
def script_blocks(page: Page) -> Hits:
    for script in page.tags("script"):
        waits = script.has("src") and script.get("type").lower() not in _LATER
        if (
            waits
            and in_head(script)
            and not (script.has("defer") or script.has("async"))
        ):
            yield script


@rule(
    "stylesheets-block",
    _SPEED,
    Severity.MODERATE,
    message=f"Nothing is shown until more than {_SHEETS} stylesheets are loaded.",
    fix="Join them; give those for print or wide screens a media attribute.",
    fails="".join(f'<link rel="stylesheet" href="/{n}.css">' for n in range(5)),
    passes='<link rel="stylesheet" href="/all.css">',
)
def stylesheets_block(page: Page) -> Hits:
    blocking = [
        link
        for link in page.links("stylesheet")
        if link.get("media").lower() in {"", "all", "screen"} and in_head(link)
    ]
    if len(blocking) > _SHEETS:
        yield Hit(blocking[_SHEETS], f"There are {len(blocking)}.")


@rule(
    "style-in-body",
    _SPEED,
    Severity.MINOR,
    message="A stylesheet inside the content makes the browser lay it out again.",
    fix="Move it into the head.",
    fails='<body><p>A<link rel="stylesheet" href="/late.css">',
    passes='<head><link rel="stylesheet" href="/early.css"></head><p>A',
)
def style_in_body(page: Page) -> Hits:
    return (link for link in page.links("stylesheet") if not in_head(link))


@rule(
    "style-import",
    _SPEED,
    Severity.MODERATE,
    message="A stylesheet asks for another one: they load one after the other.",
    fix="Use a <link> for each, or join them.",
    fails=Example(css='@import "fonts.css";'),
    passes=Example(css="p { color: black }"),
)
def style_import(page: Page) -> Hits:
    for sheet in page.sheets:
        for address in sheet.imports:
            yield Hit(sheet=sheet, snippet=f"@import {address}")


@rule(
    "image-place",
    _SPEED,
    Severity.MODERATE,
    message="The page jumps when the image arrives: no room is kept for it.",
    fix="Give width and height; CSS may still scale it.",
    fails='<img src="a.jpg" alt="A bicycle">',
    passes='<img src="a.jpg" alt="A bicycle" width="640" height="480">',
)
def image_place(page: Page) -> Hits:
    for image in page.shown(page.tags("img")):
        style = image.get("style").lower()
        kept = all(image.has(side) for side in _SIDES) or "aspect-ratio" in style
        sized = all(side in style for side in _SIDES)
        if image.get("src") and not kept and not sized:
            yield image


@rule(
    "image-later",
    _SPEED,
    Severity.MINOR,
    message="The image far down the page is loaded with those at the top.",
    fix='Add loading="lazy".',
    fails='<img alt="" src="a.jpg">' * 9,
    passes='<img alt="" src="a.jpg">' * 3
    + '<img alt="" src="b.jpg" loading="lazy">' * 6,
)
def image_later(page: Page) -> Hits:
    images = [one for one in page.shown(page.tags("img")) if one.get("src")]
    return [one for one in images[_AT_ONCE:] if one.get("loading").lower() != "lazy"]


@rule(
    "image-first",
    _SPEED,
    Severity.MODERATE,
    message="The first image waits until the page is laid out.",
    fix='Remove loading="lazy" from what is seen first.',
    fails='<img alt="" src="hero.jpg" loading="lazy">',
    passes='<img alt="" src="hero.jpg" fetchpriority="high">',
)
def image_first(page: Page) -> Hits:
    images = [one for one in page.shown(page.tags("img")) if one.get("src")]
    return [one for one in images[:1] if one.get("loading").lower() == "lazy"]


@rule(
    "frame-later",
    _SPEED,
    Severity.MINOR,
    message="The frame is loaded at once, wherever it stands.",
    fix='Add loading="lazy".',
    fails='<iframe src="https://maps.example/" title="Map"></iframe>',
    passes='<iframe src="https://maps.example/" title="Map" loading="lazy"></iframe>',
)
def frame_later(page: Page) -> Hits:
    for frame in page.shown(page.tags("iframe")):
        if frame.get("src") and frame.get("loading").lower() != "lazy":
            yield frame


@rule(
    "document-write",
    _SPEED,
    Severity.MODERATE,
    message="The script writes into the page while it is read: the browser waits.",
    fix="Add elements with the DOM's methods instead.",
    fails="<script>document.write('<p>Hi')</script>",
    passes="<script>document.body.append('Hi')</script>",
)
def document_write(page: Page) -> Hits:
    for script in page.tags("script"):
        if "document.write(" in page.raw_text(script):
            yield script


@rule(
    "file-twice",
    _SPEED,
    Severity.MINOR,
    message="The page asks for the same file twice.",
    fix="Remove one.",
    fails='<script src="/a.js" defer></script><script src="/a.js" defer></script>',
    passes='<script src="/a.js" defer></script><script src="/b.js" defer></script>',
)
def file_twice(page: Page) -> Hits:
    seen: set[str] = set()
    asked = [(one.get("src"), one) for one in page.tags("script")]
    asked += [(link.get("href"), link) for link in page.links("stylesheet")]
    for address, element in asked:
        if address in seen:
            yield element
        if address:
            seen.add(address)


@rule(
    "font-swap",
    _SPEED,
    Severity.MODERATE,
    message="Text stays invisible until the font has been loaded.",
    fix="Add font-display: swap (or optional) to the @font-face.",
    fails=Example(css='@font-face { font-family: "A"; src: url(a.woff2) }'),
    passes=Example(
        css='@font-face { font-family: "A"; src: url(a); font-display: swap }'
    ),
)
def font_swap(page: Page) -> Hits:
    for sheet in page.sheets:
        for face in sheet.faces:
            names = {declared.name for declared in face.declarations}
            if "src" in names and "font-display" not in names:
                yield Hit(
                    sheet=sheet,
                    line=face.line,
                    column=face.column,
                    selector="@font-face",
                    snippet=_family(face.declarations),
                )


def _family(declarations: tuple[Declaration, ...]) -> str:
    named = (one.value for one in declarations if one.name == "font-family")
    return f"font-family: {next(named, '')}"
