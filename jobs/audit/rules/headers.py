"""What the server's headers tell browsers to forbid."""

import re

from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, Needs, rule

_SAFE = Category.SECURITY
_CSP = "Content-Security-Policy"
_HSTS = "Strict-Transport-Security"
_HALF_A_YEAR = 180 * 24 * 60 * 60
_AGE = re.compile(r"max-age\s*=\s*\"?(\d{1,12})", re.IGNORECASE)
_VERSION = re.compile(r"\d+\.\d+")
_LEAKY = frozenset({"unsafe-url", "no-referrer-when-downgrade"})
_WIDE = frozenset({"*", "http:", "https:", "data:"})
_GOOD_CSP = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def _header(page: Page, name: str) -> str:
    return page.response.header(name.lower()) if page.response else ""


def _policies(page: Page) -> list[dict[str, list[str]]]:
    """Read every policy that applies, from headers and meta tags."""
    texts = page.response.all(_CSP.lower()) if page.response else []
    for meta in page.tags("meta"):
        if meta.get("http-equiv").lower() == _CSP.lower():
            texts = [*texts, meta.get("content")]
    return [_directives(policy) for text in texts for policy in text.split(",")]


def _directives(policy: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), [word.lower() for word in words[1:]])
    return found


def _scripts(policy: dict[str, list[str]]) -> list[str] | None:
    return policy.get("script-src", policy.get("default-src"))


@rule(
    "https",
    _SAFE,
    Severity.CRITICAL,
    message="The page comes over an open connection: others can read and change it.",
    fix="Serve it over https and redirect http there.",
    fails=Example(url="http://example.org/"),
    passes=Example(url="https://example.org/"),
    needs=Needs.RESPONSE,
)
def https(page: Page) -> Hits:
    if page.url.startswith("http://"):
        yield Hit(note=page.url)


@rule(
    "hsts",
    _SAFE,
    Severity.SERIOUS,
    message="A visitor's first step may still go over http and be intercepted.",
    fix=f"Send {_HSTS}: max-age=31536000; includeSubDomains.",
    fails=Example(),
    passes=Example(headers={_HSTS: "max-age=31536000"}),
    needs=Needs.RESPONSE,
)
def hsts(page: Page) -> Hits:
    if page.url.startswith("https://") and not _header(page, _HSTS):
        yield Hit()


@rule(
    "hsts-age",
    _SAFE,
    Severity.MODERATE,
    message="Browsers forget within half a year that the site wants https.",
    fix=f"Send {_HSTS} with max-age=31536000.",
    fails=Example(headers={_HSTS: "max-age=3600"}),
    passes=Example(headers={_HSTS: "max-age=31536000"}),
    needs=Needs.RESPONSE,
)
def hsts_age(page: Page) -> Hits:
    said = _header(page, _HSTS)
    age = _AGE.search(said)
    if said and (age is None or int(age[1]) < _HALF_A_YEAR):
        yield Hit(note=f"{_HSTS}: {said}")


@rule(
    "script-policy",
    _SAFE,
    Severity.SERIOUS,
    message="No policy limits which scripts may run: one injected tag owns the page.",
    fix=f"Send {_CSP}, beginning with default-src 'self'.",
    fails=Example(),
    passes=Example(headers={_CSP: _GOOD_CSP}),
    needs=Needs.RESPONSE,
)
def script_policy(page: Page) -> Hits:
    if not any(_scripts(policy) is not None for policy in _policies(page)):
        yield Hit()


@rule(
    "script-policy-inline",
    _SAFE,
    Severity.MODERATE,
    message="The policy lets injected scripts run: 'unsafe-inline'.",
    fix="Use nonces or hashes for the scripts inside the page.",
    fails=Example(headers={_CSP: "script-src 'self' 'unsafe-inline'"}),
    passes=Example(headers={_CSP: "script-src 'self' 'nonce-r4nd0m'"}),
)
def script_policy_inline(page: Page) -> Hits:
    for policy in _policies(page):
        sources = _scripts(policy) or []
        newer = any(one.startswith(("'nonce-", "'sha", "'strict-d")) for one in sources)
        if "'unsafe-inline'" in sources and not newer:
            yield Hit(note=" ".join(sources))


@rule(
    "script-policy-eval",
    _SAFE,
    Severity.MODERATE,
    message="The policy lets text become program: 'unsafe-eval'.",
    fix="Remove it, and what needs eval.",
    fails=Example(headers={_CSP: "script-src 'self' 'unsafe-eval'"}),
    passes=Example(headers={_CSP: "script-src 'self'"}),
)
def script_policy_eval(page: Page) -> Hits:
    for policy in _policies(page):
        if "'unsafe-eval'" in (_scripts(policy) or ()):
            yield Hit(note=" ".join(_scripts(policy) or ()))


@rule(
    "script-policy-wide",
    _SAFE,
    Severity.MODERATE,
    message="The policy lets scripts come from anywhere.",
    fix="Name the sites scripts come from.",
    fails=Example(headers={_CSP: "script-src *"}),
    passes=Example(headers={_CSP: "script-src 'self' https://cdn.example"}),
)
def script_policy_wide(page: Page) -> Hits:
    for policy in _policies(page):
        sources = _scripts(policy) or []
        if _WIDE.intersection(sources) and "'strict-dynamic'" not in sources:
            yield Hit(note=" ".join(sources))


@rule(
    "script-policy-gaps",
    _SAFE,
    Severity.MINOR,
    message="The policy leaves plug-ins or the base address open.",
    fix="Add object-src 'none' and base-uri 'none'.",
    fails=Example(headers={_CSP: "script-src 'self'"}),
    passes=Example(headers={_CSP: _GOOD_CSP}),
)
def script_policy_gaps(page: Page) -> Hits:
    for policy in _policies(page):
        if _scripts(policy) is None:
            continue
        plugins = "object-src" in policy or "default-src" in policy
        if not plugins or "base-uri" not in policy:
            yield Hit(note="; ".join(sorted(policy)))


@rule(
    "framing",
    _SAFE,
    Severity.MODERATE,
    message="Any site may show this page in a frame and catch clicks meant for it.",
    fix=f"Send {_CSP}: frame-ancestors 'none' (or the sites that may).",
    fails=Example(),
    passes=Example(headers={"X-Frame-Options": "DENY"}),
    needs=Needs.RESPONSE,
)
def framing(page: Page) -> Hits:
    allowed = page.response.all(_CSP.lower()) if page.response else []
    by_policy = any("frame-ancestors" in _directives(text) for text in allowed)
    options = _header(page, "X-Frame-Options").strip().lower()
    if not by_policy and options not in {"deny", "sameorigin"}:
        yield Hit(note=f"X-Frame-Options: {options}" if options else "")


@rule(
    "sniffing",
    _SAFE,
    Severity.MODERATE,
    message="Browsers may take a file for a script although the server says otherwise.",
    fix="Send X-Content-Type-Options: nosniff.",
    fails=Example(),
    passes=Example(headers={"X-Content-Type-Options": "nosniff"}),
    needs=Needs.RESPONSE,
)
def sniffing(page: Page) -> Hits:
    if _header(page, "X-Content-Type-Options").strip().lower() != "nosniff":
        yield Hit()


@rule(
    "referrer",
    _SAFE,
    Severity.MINOR,
    message="Other sites may learn the whole address visitors come from.",
    fix="Send Referrer-Policy: strict-origin-when-cross-origin.",
    fails=Example(headers={"Referrer-Policy": "unsafe-url"}),
    passes=Example(headers={"Referrer-Policy": "strict-origin-when-cross-origin"}),
    needs=Needs.RESPONSE,
)
def referrer(page: Page) -> Hits:
    in_page = ",".join(meta.get("content") for meta in page.metas("referrer"))
    said = (_header(page, "Referrer-Policy") or in_page).lower()
    last = said.rpartition(",")[2].strip()
    if not last or last in _LEAKY:
        yield Hit(note=f"Referrer-Policy: {said or 'missing'}")


@rule(
    "permissions",
    _SAFE,
    Severity.MINOR,
    message="Nothing keeps embedded pages from asking for camera, microphone or place.",
    fix="Send Permissions-Policy: camera=(), microphone=(), geolocation=().",
    fails=Example(),
    passes=Example(headers={"Permissions-Policy": "camera=(), microphone=()"}),
    needs=Needs.RESPONSE,
)
def permissions(page: Page) -> Hits:
    if not _header(page, "Permissions-Policy"):
        yield Hit()


@rule(
    "server-version",
    _SAFE,
    Severity.MINOR,
    message="The server tells attackers which version of which program it runs.",
    fix="Leave the version out of Server, and X-Powered-By altogether.",
    fails=Example(headers={"Server": "Apache/2.4.49 (Unix)"}),
    passes=Example(headers={"Server": "Apache"}),
    needs=Needs.RESPONSE,
)
def server_version(page: Page) -> Hits:
    for name in ("Server", "X-Powered-By", "X-AspNet-Version", "X-Generator"):
        said = _header(page, name)
        if _VERSION.search(said) or (said and name == "X-Powered-By"):
            yield Hit(note=f"{name}: {said}")


@rule(
    "open-to-all",
    _SAFE,
    Severity.SERIOUS,
    message="Any site may read this page in the name of a visitor who is signed in.",
    fix="Name the origins that may; never combine all of them with credentials.",
    fails=Example(
        headers={
            "Access-Control-Allow-Origin": "null",
            "Access-Control-Allow-Credentials": "true",
        }
    ),
    passes=Example(headers={"Access-Control-Allow-Origin": "*"}),
    needs=Needs.RESPONSE,
)
def open_to_all(page: Page) -> Hits:
    origin = _header(page, "Access-Control-Allow-Origin").strip().lower()
    trusting = _header(page, "Access-Control-Allow-Credentials").strip().lower()
    if origin in {"*", "null"} and trusting == "true":
        yield Hit(note=f"Access-Control-Allow-Origin: {origin}, with credentials")
