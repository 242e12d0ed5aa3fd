"""The gain map behind a JPEG, from which a display makes HDR: find it, and put it behind another JPEG.

A JPEG file may hold further ones behind its own end, which an index lists (CIPA DC-007, "multi-picture format").
Phones keep a gain map there (Ultra HDR, ISO 21496-1): how much brighter each place of the picture may be shown.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_INDEX, _DECLARATION = b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"
_TELLING = (_DECLARATION, b"hdrgm:", b"hdrgainmap")
_HEAD = 64_000  # bytes at the start of a picture in which it says what it is
_SMALL_COPY, _KIND = 0x010000, 0xFF0000

_START, _SCAN, _APP0, _APP2, _APP15, _COMMENT = b"\xff\xd8", 0xDA, 0xE0, 0xE2, 0xEF, 0xFE
_VERSION, _COUNT, _ENTRIES = 0xB000, 0xB001, 0xB002
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY = 16
_MOST = 1000  # pictures that are looked for, whatever a file claims to hold


@dataclass(frozen=True)
class Behind:
    """What a JPEG file holds behind its picture.

    Attributes:
        gain_map: a JPEG file of its own; None if there is none.
        declaration: body of the segment by which the picture announces it, if it does (ISO 21496-1).
        others: number of further pictures, such as a depth map; small copies of the picture do not count.
    """

    gain_map: bytes | None = None
    declaration: bytes | None = None
    others: int = 0


def behind(jpeg: bytes) -> Behind:
    """Find what a JPEG file holds behind its picture.

    Raises:
        ValueError: the index of its pictures is damaged.
    """
    index, declaration = None, None
    for marker, place, body in _segments(jpeg):
        if marker == _APP2 and body.startswith(_INDEX):
            index = place + len(_INDEX)
        elif marker == _APP2 and body.startswith(_DECLARATION):
            declaration = body
    try:
        pictures = [] if index is None else list(_listed(jpeg, index))
    except (KeyError, struct.error) as error:
        raise ValueError("the index of its further pictures is damaged") from error
    maps = [(start, stop) for _, start, stop in pictures if _is_gain_map(jpeg[start : min(stop, start + _HEAD)])]
    others = sum(kind & _KIND != _SMALL_COPY and (start, stop) not in maps for kind, start, stop in pictures)
    return Behind(jpeg[slice(*maps[0])] if maps else None, declaration, others)


def with_these(jpeg: bytes, found: Behind) -> bytes:
    """Return the JPEG file with the declaration and the gain map that were found, and an index if there is one."""
    place = _end_of_metadata(jpeg)
    declaration = _segment(found.declaration) if found.declaration else b""
    if found.gain_map is None:
        return jpeg[:place] + declaration + jpeg[place:]
    size = len(jpeg) + len(declaration) + len(_segment(_index(0, 0, 0)))
    base = place + len(declaration) + 4 + len(_INDEX)
    index = _segment(_index(size, size - base, len(found.gain_map)))
    return jpeg[:place] + declaration + index + jpeg[place:] + found.gain_map


def with_length(xmp: bytes, old: int, new: int) -> bytes:
    """Return the XMP packet of a picture in which a gain map of `old` bytes has `new`."""
    return re.sub(rb"""(Item:Length\s*(?:=\s*["']|>)\s*)%d\b""" % old, lambda found: found[1] + b"%d" % new, xmp)


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, place of the body and body of each segment before the samples."""
    place = len(_START)
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] != _SCAN:
        size = int.from_bytes(jpeg[place + 2 : place + 4])
        yield jpeg[place + 1], place + 4, jpeg[place + 4 : place + 2 + size]
        place += 2 + size


def _end_of_metadata(jpeg: bytes) -> int:
    """Where the segments of applications and the comments at the start of a file end."""
    end = len(_START)
    for marker, place, body in _segments(jpeg):
        if not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
            break
        end = place + len(body)
    return end


def _is_gain_map(head: bytes) -> bool:
    """Whether the first bytes of a picture say so."""
    return any(word in head.lower() for word in _TELLING)


def _listed(jpeg: bytes, base: int) -> Iterator[tuple[int, int, int]]:
    """Kind, start and stop of each picture but the first; the index, a TIFF directory, starts at `base`."""
    order = _ORDERS[jpeg[base : base + 4]]
    (directory,) = struct.unpack_from(order + "L", jpeg, base + 4)
    (fields,) = struct.unpack_from(order + "H", jpeg, base + directory)
    places = {}
    for field in range(base + directory + 2, base + directory + 2 + 12 * fields, 12):
        tag, _, size, place = struct.unpack_from(order + "HHLL", jpeg, field)
        places[tag] = (size, base + place)
    size, entries = places[_ENTRIES]
    for entry in range(entries + _ENTRY, entries + min(size, _MOST * _ENTRY), _ENTRY):
        kind, length, offset = struct.unpack_from(order + "LLL", jpeg, entry)
        if length and jpeg.startswith(_START, base + offset):
            yield kind, base + offset, base + offset + length


def _index(size: int, offset: int, size_of_map: int) -> bytes:
    """The index of two pictures; `offset` is the second's, from the byte order on."""
    first_entry = 8 + 2 + 3 * 12 + 4
    directory = struct.pack(
        ">HHHL4sHHLLHHLLL",
        3,
        *(_VERSION, 7, 4, b"0100"),
        *(_COUNT, 4, 1, 2),
        *(_ENTRIES, 7, 2 * _ENTRY, first_entry),
        0,
    )
    primary = struct.pack(">LLLHH", 0x030000, size, 0, 0, 0)
    second = struct.pack(">LLLHH", 0, size_of_map, offset, 0, 0)
    return _INDEX + b"MM\0*" + struct.pack(">L", 8) + directory + primary + second


def _segment(body: bytes) -> bytes:
    return bytes((0xFF, _APP2)) + struct.pack(">H", len(body) + 2) + body
