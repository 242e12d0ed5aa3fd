"""The chunks of a PNG file: make one, or keep only those that the picture itself needs."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_NEEDED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk of that kind (four letters), with its length and checksum."""
    return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))


def without_extras(png: bytes) -> bytes:
    """Return the file without text, profile, EXIF and animation; it ends where its chunks end."""
    kept, place = [SIGNATURE], len(SIGNATURE)
    while place + 12 <= len(png):
        end = place + 12 + int.from_bytes(png[place : place + 4])
        if png[place + 4 : place + 8] in _NEEDED:
            kept.append(png[place:end])
        place = end
    return b"".join(kept)
