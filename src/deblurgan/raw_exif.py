"""What raw photos say of themselves: EXIF, which each maker puts elsewhere."""

import io
import logging
import struct
from contextlib import suppress

import PIL.Image

from deblurgan.by_vips import exif_of_tiff
from deblurgan.coded import DAMAGE
from deblurgan.iso_boxes import boxes
from deblurgan.metadata import EXIF_PREFIX, quiet_pillow

logger = logging.getLogger(__name__)

_FUJIFILM = b"FUJIFILMCCD-RAW"
# Where its files say at which byte the JPEG preview begins, and its length.
_PREVIEW = 84
# The box of a Canon file that holds its directories, each as a TIFF file of its own.
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_CANON_MAIN, _CANON_PARTS = b"CMT1", {b"CMT2": 0x8769, b"CMT4": 0x8825}


def exif_of_raw(data: bytes, name: str) -> bytes | None:
    """Return a raw photo's EXIF block; None, with a word in the log, where it cannot be read.

    Args:
        data: of the file.
        name: that messages call it by.
    """
    if data.startswith(_FUJIFILM):
        return _said(_of_preview(data), name)
    if data[4:12] == b"ftypcrx ":
        joined = _said(_of_canon(data), name)
        return exif_of_tiff(joined, name) if joined else None
    return exif_of_tiff(data, name)


def _said(exif: bytes | None, name: str) -> bytes | None:
    if not exif:
        logger.warning("%s: its EXIF cannot be read, so it is left out", name)
    return exif


def _of_preview(data: bytes) -> bytes | None:
    with suppress(*DAMAGE), quiet_pillow():
        start, length = struct.unpack_from(">LL", data, _PREVIEW)
        with PIL.Image.open(io.BytesIO(data[start : start + length]), formats=["JPEG"]) as preview:
            return bytes(preview.info["exif"]).removeprefix(EXIF_PREFIX)
    return None


def _of_canon(data: bytes) -> bytes | None:
    movie = next((contents for kind, contents in boxes(data) if kind == b"moov"), b"")
    own = (contents for kind, contents in boxes(movie) if kind == b"uuid" and contents.startswith(_CANON))
    parts = dict(boxes(next(own, b"")[len(_CANON) :]))
    with suppress(*DAMAGE), quiet_pillow():
        tags = PIL.Image.Exif()
        tags.load(parts[_CANON_MAIN])
        for kind, directory in _CANON_PARTS.items():
            more = PIL.Image.Exif()
            more.load(parts.get(kind, b""))
            tags.get_ifd(directory).update(more)
        return tags.tobytes()
    return None
