"""Undoing a server's compression without letting a small answer grow huge."""

import zlib
from collections.abc import Callable

from jobs.providers.errors import BrokenAnswerError, TooLargeError

Unpack = Callable[[bytes, int], bytes]
MIB = 2**20
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def unpacker(encoding: str, most: int) -> Unpack:
    """Choose how to unpack; the function takes a chunk and the room that is left.

    Raises BrokenAnswerError for an encoding nobody asked for; the function raises
    it for damaged data, and TooLargeError when there is more than fits.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _as_it_is
    if name not in {"gzip", "x-gzip", "deflate"}:
        message = (
            f"The server packed the page as {name[:40]!r}, which was not asked for."
        )
        raise BrokenAnswerError(message)
    return _inflater(most)


def _as_it_is(chunk: bytes, room: int) -> bytes:  # noqa: ARG001 - the caller counts
    return chunk


def _inflater(most: int) -> Unpack:
    inflate = zlib.decompressobj(_GZIP_OR_ZLIB)

    def unpack(chunk: bytes, room: int) -> bytes:
        try:
            content = inflate.decompress(chunk, max(room, 0) + 1)
        except zlib.error as error:
            message = "The page is damaged: it cannot be unpacked."
            raise BrokenAnswerError(message) from error
        if inflate.unconsumed_tail:
            size = f"{most / MIB:g} MB"
            raise TooLargeError(f"The page is larger than {size} when unpacked.")
        return content

    return unpack
