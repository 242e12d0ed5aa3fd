"""The boxes of a JPEG 2000 file that Pillow does not read or write: profile, EXIF, XMP, resolution, bits."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from deblurgan.iso_boxes import box, boxes

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_EXIF = b"JpgTiffExif->JP2"
_CONTAINERS = {b"jp2h"}
_CODESTREAM = b"\xff\x4f\xff\x51"
_CODING = b"\xff\x52"


@dataclass(frozen=True)
class Facts:
    """What a file says beside its pixels.

    Attributes:
        bits: most per sample.
        is_lossless: its wavelet can be undone exactly.
        icc_profile, exif, xmp: blocks as they stand, `exif` from its TIFF header on.
    """

    bits: int
    is_lossless: bool
    icc_profile: bytes | None
    exif: bytes | None
    xmp: bytes | None


def facts_of(data: bytes) -> Facts:
    """Return what a JP2 file or a bare codestream says; damaged boxes count as absent.

    Raises:
        ValueError: there is no codestream.
    """
    start = data.find(_CODESTREAM)
    coding = data.find(_CODING, start)
    if start < 0 or coding < 0 or coding + 14 > len(data):
        raise ValueError("there is no picture in it")
    count = int.from_bytes(data[start + 40 : start + 42])
    depths = data[start + 42 : start + 42 + 3 * count : 3]
    profile = exif = xmp = None
    for kind, body in _boxes(data[:start]) if not data.startswith(_CODESTREAM) else ():
        if kind == b"colr" and body[:1] == b"\2":
            profile = body[3:]
    for kind, body in _boxes(data) if not data.startswith(_CODESTREAM) else ():
        if kind == b"uuid" and body[:16] == _XMP:
            xmp = body[16:]
        elif kind == b"uuid" and body[:16] == _EXIF:
            exif = body[16:]
    return Facts(max((depth & 0x7F) + 1 for depth in depths or b"\7"), data[coding + 13] == 1, profile, exif, xmp)


def with_blocks(
    jp2: bytes,
    icc_profile: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """Return a JP2 file that Pillow wrote, with these blocks added; the profile replaces its named colours.

    `dpi` is across and down.
    """
    parts = []
    for kind, body in boxes(jp2):
        if kind == b"jp2h":
            inner = [
                (name, b"\2\0\0" + icc_profile if name == b"colr" and icc_profile else content)
                for name, content in boxes(body)
            ]
            inner += [(b"res ", box(b"resc", _resolution(*dpi)))] if dpi else []
            body = b"".join(box(*each) for each in inner)
        if kind == b"jp2c":
            parts += [box(b"uuid", _EXIF + exif)] if exif else []
            parts += [box(b"uuid", _XMP + xmp)] if xmp else []
        parts.append(box(kind, body))
    return b"".join(parts)


def _resolution(across: float, down: float) -> bytes:
    """What a box says of a resolution: a fraction down and one across, their powers of ten; in pixels a metre."""
    powers = [2 if dpi * 100 <= 0xFFFF else 4 for dpi in (down, across)]
    tops = [round(dpi * 10 ** (4 - power)) for dpi, power in zip((down, across), powers, strict=True)]
    return struct.pack(">4H2b", tops[0], 254, tops[1], 254, *powers)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in boxes(data):
        if kind in _CONTAINERS:
            yield from _boxes(body)
        else:
            yield kind, body
