"""The files a page asks for: how large, how sent, and whether they are there."""

import struct
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from jobs.kit import NonRetriableError
from jobs.providers.errors import TooLargeError, TooSlowError, UnreachableError
from jobs.providers.fetch import Limits, Response, fetch

_AT_ONCE = 4
_LARGEST = 2 * 2**20
_SECONDS, _ALL_SECONDS = 6.0, 20.0


@dataclass(slots=True, frozen=True)
class Resource:
    """One file: `size` in bytes as received, sides in pixels where it is an image.

    `status` is 0 when nobody answered in time or the address is not visited;
    `size` is -1 when that is unknown.
    """

    url: str
    status: int
    size: int = -1
    media_type: str = ""
    packed: str = ""
    caching: str = ""
    width: int = 0
    height: int = 0

    def as_json(self) -> dict[str, Any]:
        """Write it so that `Resource(**…)` reads it back."""
        return asdict(self)


def look_at(
    urls: Iterable[str], allowed: frozenset[str], seconds: float = _ALL_SECONDS
) -> list[Resource]:
    """Get each file, a few at once, and note what a visitor's browser would see.

    What cannot be had, or not within `seconds` in all, gets status 0.
    """
    until = time.monotonic() + seconds

    def look(url: str) -> Resource:
        left = min(_SECONDS, until - time.monotonic())
        return _look(url, Limits(_LARGEST, left, allowed))

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="resource") as pool:
        return list(pool.map(look, urls))


def describe(response: Response) -> Resource:
    """Note what matters of an answer."""
    width, height = image_sides(response.content)
    return Resource(
        url=response.url,
        status=response.status,
        size=response.received,
        media_type=response.media_type,
        packed=response.header("content-encoding"),
        caching=response.header("cache-control") or response.header("expires"),
        width=width,
        height=height,
    )


def _look(url: str, limits: Limits) -> Resource:
    try:
        response = fetch(url, limits)
    except TooLargeError:
        return Resource(url, 200, limits.size)
    except (NonRetriableError, TooSlowError, UnreachableError):
        return Resource(url, 0)
    found = describe(response)
    return Resource(**{**found.as_json(), "url": url})


def image_sides(content: bytes) -> tuple[int, int]:
    """Read width and height of a PNG, GIF, JPEG or WebP; zeros for others."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack(">II", content[16:24])
        if content.startswith((b"GIF87a", b"GIF89a")):
            return struct.unpack("<HH", content[6:10])
        if content.startswith(b"\xff\xd8"):
            return _jpeg_sides(content)
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return _webp_sides(content)
    except struct.error:
        pass  # shorter than its own header: not an image anyone can see
    return 0, 0


def _jpeg_sides(content: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 < len(content) and content[place] == 0xFF:  # noqa: PLR2004 - JPEG's marker
        kind = content[place + 1]
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004 - frame headers
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
    return 0, 0


def _webp_sides(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(content[24:27], "little") + 1
        return width, int.from_bytes(content[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", content[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0
