"""Cookies that only the site itself can use."""

import re

from jobs.audit.findings import Category, Hit, Hits, Severity
from jobs.audit.page import Page
from jobs.audit.rules.declare import Example, Needs, rule

_SAFE = Category.SECURITY
_SECRET = re.compile(r"sess|auth|token|login|sid|jwt|user", re.IGNORECASE)


def _cookies(page: Page) -> list[tuple[str, dict[str, str]]]:
    """Read the cookies that were set: name, and attributes in lower case."""
    found = []
    for text in page.response.all("set-cookie") if page.response else ():
        name, *rest = text.split(";")
        pairs = (part.partition("=") for part in rest)
        said = {key.strip().lower(): value.strip().lower() for key, _, value in pairs}
        found.append((name.partition("=")[0].strip(), said))
    return found


def _cookie(text: str) -> Example:
    return Example(headers={"Set-Cookie": text})


@rule(
    "cookie-secure",
    _SAFE,
    Severity.SERIOUS,
    message="The cookie is also sent over open connections.",
    fix="Add Secure.",
    fails=_cookie("session=1; HttpOnly; SameSite=Lax"),
    passes=_cookie("session=1; HttpOnly; SameSite=Lax; Secure"),
    needs=Needs.RESPONSE,
)
def cookie_secure(page: Page) -> Hits:
    for name, said in _cookies(page):
        if "secure" not in said:
            yield Hit(note=f"Cookie “{name}”.")


@rule(
    "cookie-script",
    _SAFE,
    Severity.MODERATE,
    message="Scripts can read the cookie that says who is signed in.",
    fix="Add HttpOnly.",
    fails=_cookie("session=1; Secure; SameSite=Lax"),
    passes=_cookie("theme=dark; Secure; SameSite=Lax"),
    needs=Needs.RESPONSE,
)
def cookie_script(page: Page) -> Hits:
    for name, said in _cookies(page):
        if _SECRET.search(name) and "httponly" not in said:
            yield Hit(note=f"Cookie “{name}”.")


@rule(
    "cookie-same-site",
    _SAFE,
    Severity.MINOR,
    message="The cookie does not say whether it goes along when other sites link here.",
    fix="Add SameSite=Lax, or Strict.",
    fails=_cookie("session=1; Secure; HttpOnly"),
    passes=_cookie("session=1; Secure; HttpOnly; SameSite=Lax"),
    needs=Needs.RESPONSE,
)
def cookie_same_site(page: Page) -> Hits:
    for name, said in _cookies(page):
        loose = said.get("samesite") == "none" and "secure" not in said
        if "samesite" not in said or loose:
            yield Hit(note=f"Cookie “{name}”.")
