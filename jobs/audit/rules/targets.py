"""Whether links lead somewhere, and the files are there."""

import re
from urllib.parse import unquote, urlsplit

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.resources import Resource
from jobs.audit.rules.declare import Example, Needs, rule

_CONTENT = Category.CONTENT
_ERROR = 400
_TOP = frozenset({"", "top"})
_MAIL = re.compile(r"[^@\s,?]{1,100}@[^@\s,?]{1,200}\.[^@\s,?]{2,60}")
_TELEPHONE = re.compile(r"\+?[\d().\s/-]{3,30}(?:;\S{1,40})?")
_OWN = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 - looked for, not bound
_PRIVATE = re.compile(r"(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]{3,11}")


@rule(
    "fragment",
    _CONTENT,
    Severity.MODERATE,
    message="The link leads to a part of the page that is not there.",
    fix="Give the target that id, or correct the link.",
    fails='<a href="#prices">Prices</a>',
    passes='<a href="#prices">Prices</a><h2 id="prices">Prices</h2>',
)
def fragment(page: Page) -> Hits:
    named = {element.get("name") for element in page.having("name")}
    for link in page.tags("a"):
        target = link.get("href")
        place = target[1:]
        # "#/…" and "#!…" are routes of scripts, not places.
        if not target.startswith("#") or target[1:2] in {"/", "!", ":"}:
            continue
        known = place in page.by_id or unquote(place) in page.by_id or place in named
        if not known and place.lower() not in _TOP:
            yield link


@rule(
    "empty-target",
    _CONTENT,
    Severity.MODERATE,
    message="The link leads nowhere.",
    fix="Give it a target; use a <button> for actions.",
    fails='<a href="">Prices</a>',
    passes='<a href="/prices">Prices</a>',
)
def empty_target(page: Page) -> Hits:
    upwards = {"top", "back to top", "nach oben"}
    for link in page.tags("a"):
        bare = link.get("href") == "#" and not link.get("role")
        leads_nowhere = link.has("href") and (not link.get("href") or bare)
        if leads_nowhere and page.text(link, 100).lower() not in upwards:
            yield link


@rule(
    "private-target",
    _CONTENT,
    Severity.SERIOUS,
    message="The address works only on the author's own computer or network.",
    fix="Use the public address.",
    fails='<a href="http://localhost:3000/prices">Prices</a>',
    passes='<a href="/prices">Prices</a>',
)
def private_target(page: Page) -> Hits:
    for attribute in ("href", "src"):
        for element in page.having(attribute):
            address = element.get(attribute)
            host = _host(address)
            private = host in _OWN or _PRIVATE.fullmatch(host)
            if address.lower().startswith("file:") or (private and host != page.host):
                yield element


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


@rule(
    "mail-address",
    _CONTENT,
    Severity.MODERATE,
    message="The e-mail link has no valid address.",
    fix="Write mailto:name@example.org.",
    fails='<a href="mailto:info.example.org">Write to us</a>',
    passes='<a href="mailto:info@example.org">Write to us</a>',
)
def mail_address(page: Page) -> Hits:
    for link in page.tags("a"):
        scheme, _, rest = link.get("href").partition(":")
        address = unquote(rest.partition("?")[0])
        written = scheme.lower() == "mailto" and (address or "?" not in rest)
        if written and not all(map(_MAIL.fullmatch, address.split(","))):
            yield link


@rule(
    "telephone-number",
    _CONTENT,
    Severity.MINOR,
    message="The telephone link has no valid number.",
    fix="Write tel:+49301234567, with the country's code.",
    fails='<a href="tel:call-us">Call us</a>',
    passes='<a href="tel:+49301234567">Call us</a>',
)
def telephone_number(page: Page) -> Hits:
    for link in page.tags("a"):
        scheme, _, number = link.get("href").partition(":")
        if scheme.lower() == "tel" and not _TELEPHONE.fullmatch(
            unquote(number).strip()
        ):
            yield link


@rule(
    "broken-file",
    _CONTENT,
    Severity.SERIOUS,
    message="A file the page needs is not there.",
    fix="Put it there, or correct the address.",
    fails=Example(
        '<img alt="" src="a.png">',
        resources=(Resource("https://example.org/a.png", 404),),
    ),
    passes=Example(
        '<img alt="" src="a.png">',
        resources=(Resource("https://example.org/a.png", 200, 9),),
    ),
    needs=Needs.RESOURCES,
)
def broken_file(page: Page) -> Hits:
    places: dict[str, Element] = {}
    for attribute in ("src", "href"):
        for element in page.having(attribute):
            places.setdefault(page.absolute(element.get(attribute)), element)
    for address, file in (page.resources or {}).items():
        if file.status >= _ERROR:
            yield Hit(places.get(address), f"{address} answers {file.status}.")


@rule(
    "image-not-an-image",
    _CONTENT,
    Severity.SERIOUS,
    message="The server sends something else than an image.",
    fix="Correct the address; the server may be sending its error page.",
    fails=Example(
        '<img alt="" src="a.png">',
        resources=(Resource("https://example.org/a.png", 200, 9, "text/html"),),
    ),
    passes=Example(
        '<img alt="" src="a.png">',
        resources=(Resource("https://example.org/a.png", 200, 9, "image/png"),),
    ),
    needs=Needs.RESOURCES,
)
def image_not_an_image(page: Page) -> Hits:
    files = page.resources or {}
    for image in page.tags("img"):
        file = files.get(page.absolute(image.get("src")))
        if file is not None and file.media_type in {"text/html", "text/plain"}:
            yield Hit(image, f"It sends {file.media_type}.")


@rule(
    "image-source",
    _CONTENT,
    Severity.MODERATE,
    message="The image names no file.",
    fix="Add src, or remove the image.",
    fails='<img alt="A bicycle" src="">',
    passes='<img alt="A bicycle" src="a.jpg">',
)
def image_source(page: Page) -> Hits:
    for image in page.tags("img"):
        later = any(name.startswith("data-") for name in image.attributes)
        if not image.get("src") and not image.get("srcset") and not later:
            yield image
