"""How long the file of a video should be, by the lengths that its parts announce."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

# Others may follow a whole file as cameras' own additions, of which nothing is known.
_BOXES = {
    *(b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"styp", b"prft", b"emsg", b"uuid"),
    *(b"free", b"skip", b"wide"),
}
_SEGMENT = b"\x18\x53\x80\x67"
_UNKNOWN = 0xFFFFFFFF


def is_cut_off(path: Path, container: str) -> bool:
    """Say whether a file ends before a part of it does; live recordings and MPEG-TS announce nothing.

    Args:
        path: of the video.
        container: FFmpeg's name of its format.

    Raises:
        OSError: it cannot be read.
    """
    if container not in _ENDS:
        return False
    size = path.stat().st_size
    with path.open("rb") as file:
        return _ENDS[container](file, size) > size


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """MP4 and MOV: a length with its own eight bytes, a kind, and for 1 a longer length."""
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4])
        # Zero stands for all that follows.
        if head[4:8] not in _BOXES or length < 8:
            break
        end += length
    return end


def _end_of_segment(file: BinaryIO, size: int) -> int:
    """Matroska and WebM: all but a header is in one element."""
    while len(kind := _identifier(file)) == 4:
        length = _length(file)
        if length is None:
            break
        if kind == _SEGMENT:
            return file.tell() + length
        file.seek(length, os.SEEK_CUR)
    return 0


def _identifier(file: BinaryIO) -> bytes:
    first = file.read(1)
    return first + file.read(8 - first[0].bit_length()) if first and first[0] else b""


def _length(file: BinaryIO) -> int | None:
    """A number whose leading zeros count its further bytes; None if it is unknown: all ones."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    ones = (1 << 7 * (more + 1)) - 1
    value = int.from_bytes(first + file.read(more)) & ones
    return None if value == ones else value


def _end_of_chunks(file: BinaryIO, size: int) -> int:
    """AVI: chunks of up to a gigabyte or two, each a kind and a length."""
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or length in (0, _UNKNOWN):
            break
        # Some writers count the head, too.
        if end + length > size:
            return end + length
        end += 8 + length + length % 2
    return min(end, size)


_ENDS: dict[str, Callable[[BinaryIO, int], int]] = {
    "mov,mp4,m4a,3gp,3g2,mj2": _end_of_boxes,
    "matroska,webm": _end_of_segment,
    "avi": _end_of_chunks,
}
