"""Keeps secrets out of everything that is written down for people.

Two ways: values under a name that says "secret" are blotted out, and texts lose
whatever looks like a key or a signed link.
"""

import re
from collections.abc import Mapping
from typing import Any

BLOT = "[redacted]"
LONGEST_ERROR = 2000

_SECRET_NAME = re.compile(
    r"secret|passw|token|api_?key|authorization|cookie|credential|private|signature",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"""
    (?P<scheme>\b[a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+@      # user:password@
    | (?P<bearer>\b(?:bearer|basic)\s+)[\w.~+/=-]+             # Authorization
    | (?P<query>[?&;](?:token|key|api_key|signature|sig|x-amz-[a-z-]+)=)[^\s&"'<>]+
    | \bnw_[A-Za-z0-9_-]{16,}                                  # our own keys
    | \b(?:sk|pk|rk|whsec)_[A-Za-z0-9_]{8,}                    # payment keys
    | \bsk-[A-Za-z0-9_-]{16,}                                  # model keys
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*                        # JWT
    """,
    re.IGNORECASE | re.VERBOSE,
)


def redact(text: str) -> str:
    """Blot out what looks like a secret in a text."""
    return _SECRET_TEXT.sub(_blot, text)


def _blot(found: re.Match[str]) -> str:
    kept = found["scheme"] or found["bearer"] or found["query"] or ""
    return f"{kept}{BLOT}" + ("@" if found["scheme"] else "")


def redact_data(value: Any) -> Any:
    """Blot out secret fields, and secrets inside texts, at any depth."""
    if isinstance(value, Mapping):
        return {
            key: BLOT if _SECRET_NAME.search(str(key)) else redact_data(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_data(item) for item in value]
    return redact(value) if isinstance(value, str) else value


def secrets_of(payload: Any) -> frozenset[str]:
    """Collect the secret values of a payload, to find them in error texts."""
    if isinstance(payload, Mapping):
        named = {
            item
            for key, item in payload.items()
            if isinstance(item, str) and len(item) > 3 and _SECRET_NAME.search(str(key))  # noqa: PLR2004 - shorter ones would blot out ordinary words
        }
        return frozenset(named).union(*map(secrets_of, payload.values()))
    if isinstance(payload, list | tuple):
        return frozenset().union(*map(secrets_of, payload))
    return frozenset()


def scrub(text: str, secrets: frozenset[str]) -> str:
    """Blot out known secrets, then whatever looks like one.

    The text can be stored: without NUL, and without halves of surrogate pairs, as
    they come from names of files.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, BLOT)
    return redact(text).replace("\0", "").encode(errors="replace").decode()


def describe(error: BaseException, secrets: frozenset[str] = frozenset()) -> str:
    """Say an error in one text that may be stored and shown."""
    said = scrub(str(error), secrets) or type(error).__name__
    return said[:LONGEST_ERROR]
