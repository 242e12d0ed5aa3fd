"""The chunks of a PNG file: make one, or keep only those that the picture itself needs or that stay true."""

import re
import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_COLOURS = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# Texts that hold what is kept elsewhere, or what ImageMagick and thumbnails say of the old file's EXIF and pixels.
_STALE = re.compile(rb"XML:com\.adobe\.xmp\0|Raw profile type (?!iptc\0)|exif:|Thumb::|png:")

# Of sRGB, in hundred-thousandths: gamma, then white point and primaries, which files round differently.
_SRGB_GAMMA, _SRGB_POINTS = 45_455, (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
_ROUNDED = 500
# By ISO/IEC 23091-2.
_SRGB_CODES = b"\1\x0d"


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of that kind (four letters), with its length and checksum."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def without_extras(png: bytes) -> bytes:
    """Return the file without text, profile, EXIF and animation; it ends where its chunks end."""
    return SIGNATURE + b"".join(whole for kind, whole in _chunks(png, len(SIGNATURE)) if kind in _NEEDED)


def colours_of(png: bytes) -> bytes:
    """Return the chunks that say what the file's numbers mean: gamma, primaries, sRGB, how bright HDR is."""
    found: dict[bytes, bytes] = {}
    for kind, whole in _chunks(png, len(SIGNATURE)):
        if kind == b"IDAT":
            break
        if kind in _COLOURS:
            found.setdefault(kind, whole)
    return b"".join(found.values())


def texts_of(png: bytes) -> bytes:
    """Return the chunks of text, such as title and comment, that stay true of a new version of the picture."""
    return b"".join(
        whole for kind, whole in _chunks(png, len(SIGNATURE)) if kind in _TEXTS and not _STALE.match(whole, 8)
    )


def differ_from_srgb(colours: bytes) -> bool:
    """Say whether chunks from `colours_of` mean other colours than files without them have."""
    bodies = {kind: whole[8:-4] for kind, whole in _chunks(colours, 0)}
    if b"cICP" in bodies:
        return not bodies[b"cICP"].startswith(_SRGB_CODES)
    if b"sRGB" in bodies:
        return False
    stated = bodies.get(b"gAMA", b"") + bodies.get(b"cHRM", b"")
    usual = (_SRGB_GAMMA,) * (b"gAMA" in bodies) + _SRGB_POINTS * (b"cHRM" in bodies)
    if len(stated) != 4 * len(usual):
        return False
    return any(
        abs(one - other) > _ROUNDED
        for one, other in zip(struct.unpack(f">{len(usual)}L", stated), usual, strict=True)
    )


def _chunks(data: bytes, place: int) -> Iterator[tuple[bytes, bytes]]:
    """Kind and whole of each chunk from there on, as far as they are there."""
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4])
        yield data[place + 4 : place + 8], data[place:end]
        place = end
