"""The codes by which AVIF and HEIC tell their colours where they have no profile (ISO/IEC 23091-2)."""

from __future__ import annotations

import struct
from functools import cache

from deblurgan.errors import UnreadableImage

_HDR = {16: "PQ", 18: "HLG"}
_WIDE = {9: "BT.2020", 10: "XYZ", 11: "DCI-P3"}
_DISPLAY_P3 = 12
_SRGB = (1, 13)


def codes_of(avif: bytes) -> tuple[int, int]:
    """(Primaries, transfer) as an AVIF file states them first; those of sRGB if it states none."""
    place = avif.find(b"colrnclx")
    try:
        return struct.unpack_from(">HH", avif, place + 8) if place >= 0 else _SRGB
    except struct.error:
        return _SRGB


def profile_for(primaries: int, transfer: int, name: str) -> bytes | None:
    """The ICC profile that says what the codes say, for results that know none; None where nothing need be said.

    Raises:
        UnreadableImage: the picture is HDR, or so wide that its numbers would be other colours in a result.
    """
    if transfer in _HDR:
        raise UnreadableImage(f"{name} is HDR ({_HDR[transfer]}), which results cannot be; save it without HDR.")
    if primaries in _WIDE:
        raise UnreadableImage(f"{name} has its colours in {_WIDE[primaries]}; save it in sRGB or Display P3.")
    return _display_p3() if primaries == _DISPLAY_P3 else None


@cache
def _display_p3() -> bytes:
    """Libvips brings it along."""
    import pyvips

    profile: bytes = pyvips.Operation.call("profile_load", "p3")
    return profile
