"""Photoshop's block of image resources, in which JPEG and TIFF keep IPTC: captions, credits, places."""

import struct
from collections.abc import Iterable, Iterator

SIGNATURE = b"Photoshop 3.0\0"

_RESOURCE = b"8BIM"
_THUMBNAILS = {0x0409, 0x040C}
_APP13, _COMMENT = b"\xff\xed", b"\xff\xfe"
_ROOM = 65_533


def joined(segments: Iterable[bytes]) -> bytes | None:
    """Return the block that the bodies of a JPEG's APP13 segments hold, None if they hold none."""
    return b"".join(body.removeprefix(SIGNATURE) for body in segments if body.startswith(SIGNATURE)) or None


def without_thumbnails(block: bytes) -> bytes:
    """Return the block without its small copies of the picture, which would be those of the old one.

    Raises:
        ValueError: the block is damaged.
    """
    return b"".join(resource for kind, resource in _resources(block) if kind not in _THUMBNAILS)


def as_segments(block: bytes | None, comments: Iterable[bytes]) -> bytes:
    """Return the segments of a JPEG file that hold the block and the comments, markers included."""
    room = _ROOM - len(SIGNATURE)
    parts = [(block or b"")[start : start + room] for start in range(0, len(block or b""), room)]
    return b"".join(
        [_segment(_APP13, SIGNATURE + part) for part in parts] + [_segment(_COMMENT, text) for text in comments]
    )


def _resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 1 < len(block):
        try:
            kind, name_length = struct.unpack_from(">HB", block, place + 4)
            data = place + 6 + (name_length + 2) // 2 * 2 + 4
            (size,) = struct.unpack_from(">L", block, data - 4)
        except struct.error as error:
            raise ValueError("its IPTC block is damaged") from error
        end = data + size
        if block[place : place + 4] != _RESOURCE or end > len(block):
            raise ValueError("its IPTC block is damaged")
        # Every resource takes an even number of bytes, the last one too, though some writers forget it.
        yield kind, block[place : end + size % 2].ljust(end + size % 2 - place, b"\0")
        place = end + size % 2


def _segment(marker: bytes, body: bytes) -> bytes:
    return marker + struct.pack(">H", len(body) + 2) + body
