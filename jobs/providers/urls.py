"""Reading the web addresses people type."""

import re
from urllib.parse import urlsplit

import httpx2

LONGEST_URL = 2_000
_HOST = re.compile(rb"[\w.-]{1,253}|[\da-fA-F:.]{2,45}")
_PORTS = {"http": 80, "https": 443}


def normalise_url(url: str) -> str:
    """Complete and check an address: `Example.org` becomes `https://example.org/`.

    Raises ValueError with a text for the person who typed it.
    """
    text = url.strip()
    if not text:
        raise ValueError("Please give the address of a web page.")
    if len(text) > LONGEST_URL:
        raise ValueError(f"The address is longer than {LONGEST_URL:,} characters.")
    if "://" not in text and not text.lower().startswith(("javascript:", "data:")):
        text = f"https://{text}"
    parsed = read_url(text).copy_with(fragment=None)
    return str(parsed.copy_with(raw_path=parsed.raw_path))


def read_url(url: str) -> httpx2.URL:
    """Parse an absolute web address; raises ValueError with a text for people."""
    try:
        parsed = httpx2.URL(url)
        port = parsed.port
    except (httpx2.InvalidURL, ValueError) as error:
        message = f"{url[:200]!r} is not a web address."
        raise ValueError(message) from error
    if parsed.scheme not in _PORTS:
        message = (
            f"Only http and https addresses can be visited, not {parsed.scheme!r}."
        )
        raise ValueError(message)
    if not _HOST.fullmatch(parsed.raw_host) or (
        port is not None and not 0 < port < 2**16
    ):
        message = f"{url[:200]!r} is not a web address."
        raise ValueError(message)
    if parsed.userinfo:
        raise ValueError("An address with a user name or password is not visited.")
    return parsed


def port_of(url: httpx2.URL) -> int:
    """Return the port, also where it is left out."""
    return url.port or _PORTS[url.scheme]


def host_of(url: str) -> str:
    """Return the host for messages; the whole address when it has none."""
    return urlsplit(url).hostname or url
