"""The boxes that JPEG 2000, Canon's raw photos and other files of the ISO's families are made of."""

import struct
from collections.abc import Iterator


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and contents of each box, not looking into them; what is damaged ends it."""
    place = 0
    while place + 8 <= len(data):
        length, kind, head = int.from_bytes(data[place : place + 4]), data[place + 4 : place + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[place + 8 : place + 16]), 16
        if length == 0:
            length = len(data) - place
        if length < head:
            return
        yield kind, data[place + head : place + length]
        place += length


def box(kind: bytes, contents: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">L", len(contents) + 8) + kind + contents
