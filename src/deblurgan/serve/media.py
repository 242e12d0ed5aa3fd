"""Media types: what a file is by its first bytes, and which format of result a client wants."""

from __future__ import annotations

from deblurgan.errors import UnreadableImage
from deblurgan.formats import format_of
from deblurgan.serve.problems import Problem

HEAD = 4096
"""First bytes of a file that tell what it is."""

PICTURES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "JPEG2000": "image/jp2",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
    "RAW": "image/x-dcraw",
}
"""Media types of the formats that are read."""

RESULTS = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "tiff": "image/tiff",
    "bmp": "image/bmp",
    "jp2": "image/jp2",
    "avif": "image/avif",
}
"""Suffixes that results can have, the best known first, and their media types."""

_INSTEAD = {"image/heic": "jpg", "image/x-dcraw": "tiff"}
_SUFFIXES = {media_type: suffix for suffix, media_type in RESULTS.items()} | _INSTEAD

_VIDEOS = {
    b"\x1aE\xdf\xa3": "video/x-matroska",
    b"\0\0\x01\xba": "video/mpeg",
    b"OggS": "video/ogg",
    b"FLV\x01": "video/x-flv",
}


CLIPS = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
}
"""Suffixes that results of videos can have, and their media types."""


def media_type_of(head: bytes, name: str) -> str:
    """The media type of a file by its first `HEAD` bytes; of raw photos by the suffix of its name.

    Raises:
        Problem: it is empty, or neither a picture nor a video of a known format.
    """
    try:
        return PICTURES[format_of(head, name)]
    except UnreadableImage as error:
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return "video/x-msvideo"
        if head[4:8] == b"ftyp":
            return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
        if head[:4] == b"\x1aE\xdf\xa3" and b"webm" in head[:64]:
            return "video/webm"
        for signature, media_type in _VIDEOS.items():
            if head.startswith(signature):
                return media_type
        raise Problem("unsupported-type", str(error)) from None


def picture_result(media_type: str, *, asked: str | None, accept: str) -> tuple[str, str]:
    """The suffix and the media type of the result of a picture.

    Args:
        media_type: of the picture; what its result has unless another is wanted.
        asked: suffix in the request's form, which counts before all else.
        accept: the request's header; empty for anything.

    Raises:
        Problem: no format that the header names can be written.
    """
    usual = _SUFFIXES[media_type]
    if asked:
        return _asked(asked, RESULTS, "a picture")
    wanted = _weights(accept) or {"*/*": 1.0}
    best = max(RESULTS, key=lambda suffix: (_weight(RESULTS[suffix], wanted), suffix == usual))
    if not _weight(RESULTS[best], wanted):
        known = ", ".join(RESULTS.values())
        raise Problem("not-acceptable", f"Results cannot be {accept[:200]!r}; accept one of {known}.")
    return best, RESULTS[best]


def clip_result(media_type: str, *, asked: str | None, accept: str) -> tuple[str, str]:
    """The suffix and the media type of the result of a video: its own container, or the one asked for.

    Raises:
        Problem: a format of pictures was asked for.
    """
    usual = next((suffix for suffix, known in CLIPS.items() if known == media_type), "mkv")
    return _asked(asked or usual, CLIPS, "a video")


def _asked(suffix: str, known: dict[str, str], what: str) -> tuple[str, str]:
    if suffix not in known:
        raise Problem("invalid-option", f"The format of {what} cannot be {suffix}; use one of {', '.join(known)}.")
    return suffix, known[suffix]


def _weights(accept: str) -> dict[str, float]:
    """What an Accept header (RFC 9110, section 12.5.1) gives each range of media types."""
    weights = {}
    for entry in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        try:
            weights[media_range] = min(max(float(quality), 0.0), 1.0)
        except ValueError:
            weights[media_range] = 0.0
    return {media_range: weight for media_range, weight in weights.items() if media_range}


def _weight(media_type: str, wanted: dict[str, float]) -> float:
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((wanted[media_range] for media_range in ranges if media_range in wanted), 0.0)
