"""What the markup itself gives away to others."""

import re

from jobs.audit.element import Element
from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, Needs, rule

_SAFE = Category.SECURITY
_ACTIVE = (("script", "src"), ("iframe", "src"), ("object", "data"), ("embed", "src"))
_PASSIVE = (("img", "src"), ("audio", "src"), ("video", "src"), ("source", "src"))
_SECRETS = (
    ("a private key", re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH )?PRIVATE KEY-----")),
    ("an AWS key", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("a Stripe secret key", re.compile(r"\b[sr]k_live_[0-9A-Za-z]{20,99}\b")),
    ("a GitHub token", re.compile(r"\bgh[pousr]_[0-9A-Za-z]{36}\b")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,99}\b")),
    ("an OpenAI key", re.compile(r"\bsk-(?:proj-)?[0-9A-Za-z_-]{32,200}\b")),
)
_OPEN = "http://"


def _is_open(page: Page, address: str) -> bool:
    return page.absolute(address).lower().startswith(_OPEN)


@rule(
    "mixed-scripts",
    _SAFE,
    Severity.SERIOUS,
    message="A secure page loads a script, style or frame over an open connection.",
    fix="Use https in its address.",
    fails='<script src="http://cdn.example/a.js"></script>',
    passes='<script src="https://cdn.example/a.js"></script>',
    needs=Needs.RESPONSE,
)
def mixed_scripts(page: Page) -> Hits:
    if page.url.startswith("https:"):
        for link in page.links("stylesheet"):
            if _is_open(page, link.get("href")):
                yield link
        yield from _open_sources(page, _ACTIVE)


@rule(
    "mixed-images",
    _SAFE,
    Severity.MODERATE,
    message="A secure page loads an image, sound or film over an open connection.",
    fix="Use https in its address.",
    fails='<img alt="" src="http://cdn.example/a.png">',
    passes='<img alt="" src="https://cdn.example/a.png">',
    needs=Needs.RESPONSE,
)
def mixed_images(page: Page) -> Hits:
    if page.url.startswith("https:"):
        yield from _open_sources(page, _PASSIVE)


def _open_sources(page: Page, kinds: tuple[tuple[str, str], ...]) -> list[Element]:
    return [
        element
        for tag, attribute in kinds
        for element in page.tags(tag)
        if element.get(attribute) and _is_open(page, element.get(attribute))
    ]


@rule(
    "open-form",
    _SAFE,
    Severity.SERIOUS,
    message="What people type into the form is sent over an open connection.",
    fix="Use https in the form's action.",
    fails='<form action="http://example.org/login"><input aria-label="Name"></form>',
    passes='<form action="https://example.org/login"><input aria-label="Name"></form>',
)
def open_form(page: Page) -> Hits:
    for form in page.having("action") + page.having("formaction"):
        target = form.get("action") or form.get("formaction")
        if target.lower().startswith(_OPEN):
            yield form


@rule(
    "open-password",
    _SAFE,
    Severity.CRITICAL,
    message="The page asks for a password over an open connection.",
    fix="Serve the page over https.",
    fails=Example('<input type="password" aria-label="P">', url="http://example.org/"),
    passes=Example('<input type="password" aria-label="P">'),
    needs=Needs.RESPONSE,
)
def open_password(page: Page) -> Hits:
    if page.url.startswith(_OPEN):
        for field in page.tags("input"):
            if field.get("type").lower() == "password":
                yield field


@rule(
    "password-in-address",
    _SAFE,
    Severity.SERIOUS,
    message="The form puts a password into the page's address.",
    fix='Add method="post".',
    fails='<form><input type="password" name="p" aria-label="P"></form>',
    passes='<form method="post"><input type="password" name="p" aria-label="P"></form>',
)
def password_in_address(page: Page) -> Hits:
    for field in page.tags("input"):
        form = next((one for one in field.ancestors() if one.tag == "form"), None)
        if (
            field.get("type").lower() != "password"
            or form is None
            or not field.get("name")
        ):
            continue
        if form.get("method").lower() not in {"post", "dialog"}:
            yield form


@rule(
    "integrity",
    _SAFE,
    Severity.MODERATE,
    message="If the other site is broken into, its file runs here unchecked.",
    fix="Add integrity and crossorigin, or serve the file yourself.",
    fails='<script defer src="https://cdn.example/lib.js"></script>',
    passes='<script defer src="https://cdn.example/lib.js" crossorigin="anonymous" '
    'integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K"></script>',
    needs=Needs.RESPONSE,
)
def integrity(page: Page) -> Hits:
    loaded = [(one, one.get("src")) for one in page.tags("script")]
    loaded += [(link, link.get("href")) for link in page.links("stylesheet")]
    for element, address in loaded:
        if page.outside(address) and not element.get("integrity"):
            yield element


@rule(
    "new-window",
    _SAFE,
    Severity.MINOR,
    message="The page that opens can steer this one in older browsers.",
    fix='Add rel="noopener".',
    fails='<a href="https://other.example/" target="_blank">Other</a>',
    passes='<a href="https://other.example/" target="_blank" rel="noopener">Other</a>',
)
def new_window(page: Page) -> Hits:
    for link in page.tags("a", "area"):
        target = link.get("href").lower()
        away = target.startswith(("http:", "https:", "//"))
        opens = link.get("target").lower() == "_blank"
        if away and opens and not {"noopener", "noreferrer"} & set(link.words("rel")):
            yield link


@rule(
    "frame-sandbox",
    _SAFE,
    Severity.MINOR,
    message="The frame of another site may do all that a page may do.",
    fix='Add sandbox="allow-scripts …" with only what it needs.',
    fails='<iframe src="https://other.example/" title="Map"></iframe>',
    passes='<iframe src="https://other.example/" title="Map" sandbox></iframe>',
    needs=Needs.RESPONSE,
)
def frame_sandbox(page: Page) -> Hits:
    for frame in page.tags("iframe"):
        if page.outside(frame.get("src")) and not frame.has("sandbox"):
            yield frame


@rule(
    "frame-escape",
    _SAFE,
    Severity.MODERATE,
    message="The frame can remove its own sandbox: it may run scripts as this site.",
    fix="Take out allow-same-origin or allow-scripts.",
    fails='<iframe src="/a" title="A" sandbox="allow-scripts '
    'allow-same-origin"></iframe>',
    passes='<iframe src="/a" title="A" sandbox="allow-scripts"></iframe>',
)
def frame_escape(page: Page) -> Hits:
    for frame in page.tags("iframe"):
        escapes = {"allow-scripts", "allow-same-origin"} <= set(frame.words("sandbox"))
        if escapes and not page.outside(frame.get("src")):
            yield frame


@rule(
    "script-handlers",
    _SAFE,
    Severity.MINOR,
    message="Script in an attribute keeps the page from having a strict policy.",
    fix="Attach it in a script file with addEventListener.",
    fails='<button onclick="buy()">Buy</button>',
    passes='<button class="buy">Buy</button>',
)
def script_handlers(page: Page) -> Hits:
    for name in page.attribute_names:
        if name.startswith("on") and len(name) > len("onx"):
            yield from page.having(name)


@rule(
    "secret",
    _SAFE,
    Severity.CRITICAL,
    message="The page holds what looks like a secret key, for everyone to read.",
    fix="Revoke the key now, then use it on the server only.",
    fails="<script>let key = 'AKIA" + "ABCDEFGHIJKLMNOP" + "'</script>",
    passes="<script>let key = 'pk_live_public'</script>",
)
def secret(page: Page) -> Hits:
    for what, pattern in _SECRETS:
        for found in pattern.finditer(page.source):
            line = page.source.count("\n", 0, found.start()) + 1
            column = found.start() - page.source.rfind("\n", 0, found.start())
            shown = f"{found[0][:8]}…"
            yield Hit(
                note=f"It looks like {what}.", line=line, column=column, snippet=shown
            )
            break
