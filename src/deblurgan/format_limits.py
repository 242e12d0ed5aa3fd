"""What each format cannot hold: fields of a picture that are lost in it, and sides that are too long."""

import logging

from deblurgan.coded import Coded

# By the fields of `Coded`.
_JPEG_ONLY = {"comments": "comments", "behind": "the gain map of HDR"}
_PNG_ONLY = {"only_png_tells_colours": "the gamma and primaries", "png_texts": "texts"}
_LESS = {"photoshop": "IPTC"} | _JPEG_ONLY | _PNG_ONLY
_LOSES = {
    "JPEG": _PNG_ONLY,
    "PNG": {"photoshop": "IPTC"} | _JPEG_ONLY,
    "WEBP": _LESS,
    "AVIF": _LESS,
    "JPEG2000": _LESS,
    "TIFF": _JPEG_ONLY | _PNG_ONLY,
    "BMP": {"icc_profile": "the colour profile", "exif": "EXIF", "xmp": "XMP"} | _LESS,
}
# Pixels that the format, or who writes it, allows.
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 65_536}

logger = logging.getLogger(__name__)


def say_what_is_lost(coded: Coded, name: str, format: str) -> None:
    """Log which fields of a picture, which messages call `name`, the format has no place for."""
    lost = [what for field, what in _LOSES.get(format, {}).items() if getattr(coded, field)]
    if lost:
        logger.warning("%s: %s cannot hold %s, left out", name, format, ", ".join(lost))


def refuse_long_sides(coded: Coded, format: str) -> None:
    """Raise ValueError if a side of the picture is longer than the format allows."""
    longest = _LONGEST_SIDE.get(format)
    if longest is not None and max(coded.samples.shape[:2]) > longest:
        raise ValueError(f"a side of it may have {longest} pixels at most")
