"""How much a visitor has to load and lay out."""

from jobs.audit.element import DEEPEST, Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.resources import Resource
from jobs.audit.rules.declare import Example, Needs, rule

_SPEED = Category.PERFORMANCE
KIB = 1024
_HTML, _CSS, _INLINE, _DATA_URL = 150 * KIB, 150 * KIB, 50 * KIB, 10 * KIB
_IMAGE, _SCRIPTS, _ALL = 250 * KIB, 400 * KIB, 2 * 1024 * KIB
_TAGS, _DEPTH, _FILES, _HOSTS = 1_500, 32, 60, 6
_OLD_IMAGES = frozenset({"image/bmp", "image/tiff", "image/x-ms-bmp"})
_TOO_WIDE = 2.5
_IMAGE_URL = "https://example.org/a.png"


def _kib(size: int) -> str:
    return f"{size / KIB:,.0f} KiB"


def _seen(page: Page, *kinds: str) -> list[Resource]:
    """List the files that were fetched, of some kinds of media types."""
    found = (page.resources or {}).values()
    return [one for one in found if one.size > 0 and _is_kind(one, kinds)]


def _is_kind(resource: Resource, kinds: tuple[str, ...]) -> bool:
    return not kinds or any(kind in resource.media_type for kind in kinds)


@rule(
    "markup-weight",
    _SPEED,
    Severity.MODERATE,
    message=f"The markup is larger than {_HTML // KIB} KiB.",
    fix="Load long lists when they are scrolled to; move data and styles into files.",
    fails=Example("<p>" + "Words. " * 30_000),
    passes="<p>Words.",
)
def markup_weight(page: Page) -> Hits:
    size = len(page.source.encode("utf-8", "replace"))
    if size > _HTML:
        yield Hit(note=f"It has {_kib(size)}.")


@rule(
    "style-weight",
    _SPEED,
    Severity.MODERATE,
    message=f"The stylesheets are larger than {_CSS // KIB} KiB together.",
    fix="Remove rules the page does not use.",
    fails=Example(css=".a { color: red }\n" * 10_000),
    passes=Example(css=".a { color: red }"),
)
def style_weight(page: Page) -> Hits:
    size = sum(len(sheet.source) for sheet in page.sheets)
    if size > _CSS:
        yield Hit(note=f"They have {_kib(size)}.")


@rule(
    "inline-weight",
    _SPEED,
    Severity.MINOR,
    message=f"The script or style inside the page is larger than {_INLINE // KIB} KiB.",
    fix="Move it into a file, which browsers keep.",
    fails=f"<script>{'let a = 1;' * 6000}</script>",
    passes="<script>let a = 1</script>",
)
def inline_weight(page: Page) -> Hits:
    for element in page.tags("script", "style"):
        size = len(page.raw_text(element))
        if size > _INLINE:
            yield Hit(element, f"It has {_kib(size)}.")


@rule(
    "data-url-weight",
    _SPEED,
    Severity.MINOR,
    message=f"The image inside the page is larger than {_DATA_URL // KIB} KiB.",
    fix="Put it into a file, which browsers load beside the page and keep.",
    fails=f'<img alt="" src="data:image/png;base64,{"A" * 20_000}">',
    passes='<img alt="" src="data:image/png;base64,AAAA">',
)
def data_url_weight(page: Page) -> Hits:
    for element in page.having("src"):
        source = element.get("src")
        if source.startswith("data:") and len(source) > _DATA_URL:
            yield Hit(element, f"It has {_kib(len(source))}.")


@rule(
    "tag-count",
    _SPEED,
    Severity.MODERATE,
    message=f"The page has more than {_TAGS:,} tags; layout and scrolling slow down.",
    fix="Show less at once, and use fewer wrappers.",
    fails="<p>" + "<b>a</b>" * 1600,
    passes="<p><b>a</b>",
)
def tag_count(page: Page) -> Hits:
    if len(page.elements) > _TAGS:
        yield Hit(note=f"It has {len(page.elements):,}.")


@rule(
    "tag-depth",
    _SPEED,
    Severity.MINOR,
    message=f"Tags are nested deeper than {_DEPTH} levels.",
    fix="Remove wrappers that do nothing.",
    fails="<div>" * 40 + "Deep",
    passes="<div>" * 5 + "Flat",
)
def tag_depth(page: Page) -> Hits:
    deepest: Element | None = None
    depth = [0] * len(page.elements)
    most = _DEPTH
    for element in page.elements:
        depth[element.index] = depth[element.parent.index] + 1 if element.parent else 1
        if depth[element.index] > most:
            most, deepest = depth[element.index], element
    if deepest is not None:
        beyond = "; browsers stop there" if most > DEEPEST else ""
        yield Hit(deepest, f"It is {most:,} levels deep{beyond}.")


@rule(
    "file-count",
    _SPEED,
    Severity.MINOR,
    message=f"The page asks for more than {_FILES} files.",
    fix="Join small files, and load images when they are scrolled to.",
    fails="".join(f'<img alt="" src="{n}.png">' for n in range(70)),
    passes='<img alt="" src="1.png">',
)
def file_count(page: Page) -> Hits:
    asked = {one.get("src") for one in page.tags("img", "script", "iframe", "source")}
    asked |= {link.get("href") for link in page.links("stylesheet")}
    if len(asked - {""}) > _FILES:
        yield Hit(note=f"It asks for {len(asked - {''})}.")


@rule(
    "other-hosts",
    _SPEED,
    Severity.MINOR,
    message=f"The page loads from more than {_HOSTS} other sites.",
    fix="Serve files yourself, and drop what you do not need.",
    fails="".join(
        f'<script async src="https://h{n}.example/a.js"></script>' for n in range(8)
    ),
    passes='<script async src="https://h1.example/a.js"></script>',
    needs=Needs.RESPONSE,
)
def other_hosts(page: Page) -> Hits:
    sources = [one.get("src") for one in page.tags("img", "script", "iframe")]
    sources += [link.get("href") for link in page.links("stylesheet")]
    hosts = {page.absolute(one).split("/")[2] for one in sources if page.outside(one)}
    if len(hosts) > _HOSTS:
        yield Hit(note=f"{len(hosts)}: {', '.join(sorted(hosts))}")


@rule(
    "image-weight",
    _SPEED,
    Severity.MODERATE,
    message=f"The image is larger than {_IMAGE // KIB} KiB.",
    fix="Save it smaller, as WebP or AVIF, and offer sizes with srcset.",
    fails=Example(
        '<img alt="" src="a.png">',
        resources=(Resource(_IMAGE_URL, 200, 900_000, "image/png"),),
    ),
    passes=Example(
        '<img alt="" src="a.png">',
        resources=(Resource(_IMAGE_URL, 200, 9_000, "image/png"),),
    ),
    needs=Needs.RESOURCES,
)
def image_weight(page: Page) -> Hits:
    for image, file in _images(page):
        if file.size > _IMAGE:
            yield Hit(image, f"It has {_kib(file.size)}.")


def _images(page: Page) -> list[tuple[Element, Resource]]:
    files = page.resources or {}
    found = (
        (one, files.get(page.absolute(one.get("src")))) for one in page.tags("img")
    )
    return [(image, file) for image, file in found if file is not None]


@rule(
    "image-oversized",
    _SPEED,
    Severity.MODERATE,
    message="The image has far more pixels than the place it is shown in.",
    fix="Save it in the size it is shown, twice that at most.",
    fails=Example(
        '<img alt="" src="a.png" width="200" height="100">',
        resources=(Resource(_IMAGE_URL, 200, 9, "image/png", width=2000, height=1000),),
    ),
    passes=Example(
        '<img alt="" src="a.png" width="200" height="100">',
        resources=(Resource(_IMAGE_URL, 200, 9, "image/png", width=400, height=200),),
    ),
    needs=Needs.RESOURCES,
)
def image_oversized(page: Page) -> Hits:
    for image, file in _images(page):
        shown = image.get("width").removesuffix("px")
        width = int(shown) if shown.isdecimal() and len(shown) < len("100000") else 0
        if width and file.width > width * _TOO_WIDE:
            yield Hit(image, f"It is {file.width} pixels wide, shown {width} wide.")


@rule(
    "image-format",
    _SPEED,
    Severity.MINOR,
    message="The image is in a format that does not compress.",
    fix="Save it as WebP, AVIF, PNG or JPEG.",
    fails=Example(
        '<img alt="" src="a.bmp">',
        resources=(Resource("https://example.org/a.bmp", 200, 9, "image/bmp"),),
    ),
    passes=Example(
        '<img alt="" src="a.png">',
        resources=(Resource(_IMAGE_URL, 200, 9, "image/webp"),),
    ),
    needs=Needs.RESOURCES,
)
def image_format(page: Page) -> Hits:
    return (image for image, file in _images(page) if file.media_type in _OLD_IMAGES)


@rule(
    "script-weight",
    _SPEED,
    Severity.SERIOUS,
    message=f"The scripts are larger than {_SCRIPTS // KIB} KiB together.",
    fix="Load only what this page needs.",
    fails=Example(
        resources=(
            Resource("https://example.org/a.js", 200, 600_000, "text/javascript"),
        )
    ),
    passes=Example(
        resources=(Resource("https://example.org/a.js", 200, 6_000, "text/javascript"),)
    ),
    needs=Needs.RESOURCES,
)
def script_weight(page: Page) -> Hits:
    size = sum(file.size for file in _seen(page, "javascript", "ecmascript"))
    if size > _SCRIPTS:
        yield Hit(note=f"They have {_kib(size)} as sent.")


@rule(
    "page-weight",
    _SPEED,
    Severity.SERIOUS,
    message=f"Page and files are larger than {_ALL // KIB // KIB} MiB together.",
    fix="Begin with the largest: mostly images and scripts.",
    fails=Example(resources=(Resource(_IMAGE_URL, 200, 3_000_000, "image/png"),)),
    passes=Example(resources=(Resource(_IMAGE_URL, 200, 30_000, "image/png"),)),
    needs=Needs.RESOURCES,
)
def page_weight(page: Page) -> Hits:
    size = sum(file.size for file in _seen(page))
    size += page.response.received if page.response else 0
    if size > _ALL:
        yield Hit(note=f"They have {_kib(size)} as sent, of the files looked at.")
