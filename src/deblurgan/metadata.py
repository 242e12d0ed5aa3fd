"""Keep EXIF and XMP true to the pixels they travel with.

EXIF blocks are patched in place and not rewritten: maker notes hold addresses that only stay valid
where nothing moves. A block starts at its TIFF header, without the six bytes `Exif\\0\\0` of JPEG.
"""

import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXIF_PREFIX = b"Exif\0\0"

_ORIENTATION = 0x0112
_DETAILS = 0x8769
_WIDTHS = (0x0100, 0xA002)
_HEIGHTS = (0x0101, 0xA003)
_THUMBNAIL_START = 0x0201
_THUMBNAIL_LENGTH = 0x0202

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_INTEGERS = {1: "B", 3: "H", 4: "L"}

_XMP_FACTS = re.compile(
    rb"""((?:tiff:(?P<tiff>Orientation|ImageWidth|ImageLength)|exif:(?P<exif>PixelXDimension|PixelYDimension))"""
    rb"""(?:\s*=\s*["']|>)\s*)(?P<value>\d+)"""
)

_XMP_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails\b.*?</\1:Thumbnails>", re.DOTALL)

_quiet = threading.Lock()


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Silence Pillow's warnings about damaged metadata, which is judged here instead."""
    # The list of warning filters belongs to the whole process: two threads must not swap it at once.
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def orientation(exif: bytes | None, xmp: bytes | None = None) -> int:
    """Return the orientation 1..8 that EXIF states, else that of XMP, else 1."""
    stated = (found["value"] for found in _XMP_FACTS.finditer(xmp or b"") if found["tiff"] == b"Orientation")
    otherwise = int(next(stated, b"1"))
    try:
        order = _ORDERS[(exif or b"")[:4]]
        block = bytearray(exif or b"")
        places, _ = _directory(block, order, _number(block, order, 4, 4))
        found = _number(block, order, *places[_ORIENTATION])
    except (KeyError, struct.error):
        found = otherwise
    return found if 1 <= found <= 8 else 1


def patched_exif(exif: bytes, width: int, height: int) -> bytes:
    """Return the block with orientation 1, the given size in pixels and without its thumbnail.

    Raises:
        ValueError: the block is damaged.
    """
    truth = {_ORIENTATION: 1, **dict.fromkeys(_WIDTHS, width), **dict.fromkeys(_HEIGHTS, height)}
    block = bytearray(exif)
    try:
        order = _ORDERS[exif[:4]]
        places, end = _directory(block, order, _number(block, order, 4, 4))
        if _DETAILS in places:
            places |= _directory(block, order, _number(block, order, *places[_DETAILS]))[0]
        for tag in truth.keys() & places.keys():
            kind, place = places[tag]
            struct.pack_into(order + _INTEGERS[kind], block, place, truth[tag])
        if len(block) >= end + 4:
            _drop_thumbnail(block, order, end)
    except (KeyError, struct.error) as error:
        raise ValueError("its EXIF block is damaged") from error
    return bytes(block)


def patched_xmp(xmp: bytes, width: int, height: int) -> bytes:
    """Return the XMP packet without thumbnails, with orientation 1 and the given size wherever it states them."""
    truth = {
        b"Orientation": 1,
        b"ImageWidth": width,
        b"ImageLength": height,
        b"PixelXDimension": width,
        b"PixelYDimension": height,
    }
    true = _XMP_FACTS.sub(lambda found: found[1] + b"%d" % truth[found["tiff"] or found["exif"]], xmp)
    return _XMP_THUMBNAILS.sub(b"", true)


def _drop_thumbnail(block: bytearray, order: str, link: int) -> None:
    """Unlink the second directory, which describes the thumbnail, and wipe the thumbnail itself."""
    second = _number(block, order, 4, link)
    struct.pack_into(order + "L", block, link, 0)
    try:
        places, _ = _directory(block, order, second)
        start = _number(block, order, *places[_THUMBNAIL_START])
        length = _number(block, order, *places[_THUMBNAIL_LENGTH])
    except (KeyError, struct.error):
        return
    if start + length == len(block):
        del block[start:]
    elif start + length < len(block):
        block[start : start + length] = bytes(length)


def _directory(block: bytearray, order: str, start: int) -> tuple[dict[int, tuple[int, int]], int]:
    """Return tag -> (type, place of its value), and the place of the link to the next directory."""
    (count,) = struct.unpack_from(order + "H", block, start)
    places = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, _, _ = struct.unpack_from(order + "HHLL", block, entry)
        places[tag] = (kind, entry + 8)
    return places, start + 2 + 12 * count


def _number(block: bytearray, order: str, kind: int, place: int) -> int:
    (number,) = struct.unpack_from(order + _INTEGERS[kind], block, place)
    return int(number)
