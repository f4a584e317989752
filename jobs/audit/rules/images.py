"""Pictures, sound and film for those who cannot see or hear them."""

import re

from jobs.audit.findings import Category, Hits, Severity
from jobs.audit.naming import name_of
from jobs.audit.page import Page
from jobs.audit.rules.declare import rule

_A11Y = Category.ACCESSIBILITY
_FILE = re.compile(r"[^\s/]{1,80}\.(?:jpe?g|png|gif|webp|svg|avif|bmp)", re.IGNORECASE)
_EMPTY_WORDS = frozenset(
    {"image", "img", "photo", "picture", "graphic", "icon", "untitled", "alt"}
)
_DECORATIVE = frozenset({"presentation", "none"})


@rule(
    "image-alt",
    _A11Y,
    Severity.CRITICAL,
    wcag="1.1.1",
    message="The image has no alternative text.",
    fix='Add alt="…" that says what the image shows, or alt="" if it only decorates.',
    fails='<img src="bicycle.jpg">',
    passes='<img src="bicycle.jpg" alt="A red bicycle"><img src="line.png" alt="">',
)
def image_alt(page: Page) -> Hits:
    for image in page.heard(page.tags("img")):
        decorative = image.get("role").lower() in _DECORATIVE
        if not image.has("alt") and not decorative and not name_of(page, image):
            yield image


@rule(
    "image-alt-meaning",
    _A11Y,
    Severity.MODERATE,
    wcag="1.1.1",
    message="The alternative text is a file name or a word like “image”.",
    fix="Say what the image shows, in the words you would use on the telephone.",
    fails='<img src="a.jpg" alt="DSC_0042.jpg">',
    passes='<img src="a.jpg" alt="Our shop in the market hall">',
)
def image_alt_meaning(page: Page) -> Hits:
    for image in page.heard(page.tags("img")):
        alt = image.get("alt").lower()
        if alt in _EMPTY_WORDS or _FILE.fullmatch(alt):
            yield image


@rule(
    "image-alt-length",
    _A11Y,
    Severity.MINOR,
    wcag="1.1.1",
    message="The alternative text is longer than 250 characters.",
    fix="Shorten it, and put the details in the text beside the image.",
    fails=f'<img src="a.jpg" alt="{"A long story. " * 25}">',
    passes='<img src="a.jpg" alt="Sales by quarter; details in the table below">',
)
def image_alt_length(page: Page) -> Hits:
    longest = 250
    return (image for image in page.tags("img") if len(image.get("alt")) > longest)


@rule(
    "image-button-alt",
    _A11Y,
    Severity.CRITICAL,
    wcag="1.1.1",
    message="The image button has no text that says what it does.",
    fix='Add alt="…" with the action, such as alt="Search".',
    fails='<input type="image" src="go.png">',
    passes='<input type="image" src="go.png" alt="Search">',
)
def image_button_alt(page: Page) -> Hits:
    for button in page.heard(page.tags("input")):
        if button.get("type").lower() == "image" and not name_of(page, button):
            yield button


@rule(
    "area-alt",
    _A11Y,
    Severity.CRITICAL,
    wcag="2.4.4",
    message="The area of the image map has no text that says where it leads.",
    fix='Add alt="…" that names the target.',
    fails='<map name="m"><area href="/north" shape="rect" coords="0,0,9,9"></map>',
    passes='<map name="m"><area href="/north" alt="North" coords="0,0,9,9"></map>',
)
def area_alt(page: Page) -> Hits:
    for area in page.tags("area"):
        if area.has("href") and not name_of(page, area):
            yield area


@rule(
    "drawing-name",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.1.1",
    message="The drawing is announced as an image but has no name.",
    fix="Add a <title> as its first child or an aria-label; or aria-hidden for décor.",
    fails='<svg role="img"><path d="M0 0h9"/></svg>',
    passes='<svg role="img"><title>Growth since May</title><path d="M0 0h9"/></svg>',
)
def drawing_name(page: Page) -> Hits:
    for drawing in page.heard(page.having("role")):
        is_image = drawing.get("role").lower() in {"img", "graphics-document"}
        if is_image and drawing.tag != "img" and not name_of(page, drawing):
            yield drawing


@rule(
    "object-alt",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.1.1",
    message="The embedded object has no alternative.",
    fix="Put text between <object> and </object>, or add an aria-label.",
    fails='<object data="chart.svg"></object>',
    passes='<object data="chart.svg">Sales rose from 3 to 5 million.</object>',
)
def object_alt(page: Page) -> Hits:
    for thing in page.heard(page.tags("object", "embed")):
        if not name_of(page, thing) and not page.text(thing):
            yield thing


@rule(
    "video-captions",
    _A11Y,
    Severity.CRITICAL,
    wcag="1.2.2",
    message="The video has no captions.",
    fix='Add <track kind="captions" src="…" srclang="…"> inside the video.',
    fails='<video src="tour.mp4" controls></video>',
    passes='<video src="tour.mp4" controls><track kind="captions" src="t.vtt"></video>',
)
def video_captions(page: Page) -> Hits:
    for video in page.shown(page.tags("video")):
        tracks = (inner for inner in page.within(video) if inner.tag == "track")
        kinds = {track.get("kind").lower() or "subtitles" for track in tracks}
        if not video.has("muted") and not kinds & {"captions", "subtitles"}:
            yield video


@rule(
    "media-autoplay",
    _A11Y,
    Severity.SERIOUS,
    wcag="1.4.2",
    message="Sound starts by itself and cannot be stopped on the page.",
    fix="Remove autoplay, or add muted, or show controls.",
    fails='<audio src="hello.mp3" autoplay></audio>',
    passes='<video src="wave.mp4" autoplay muted></video>',
)
def media_autoplay(page: Page) -> Hits:
    for media in page.tags("audio", "video"):
        if media.has("autoplay") and not (media.has("muted") or media.has("controls")):
            yield media


@rule(
    "moving-text",
    _A11Y,
    Severity.SERIOUS,
    wcag="2.2.2",
    message="The text moves or blinks and cannot be paused.",
    fix="Use plain text; if it must move, use CSS and honour prefers-reduced-motion.",
    fails="<marquee>News</marquee>",
    passes="<p>News</p>",
)
def moving_text(page: Page) -> Hits:
    return page.tags("marquee", "blink")
