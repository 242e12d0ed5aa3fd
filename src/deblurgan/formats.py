"""Which files count as pictures, what each suffix stands for and how a format is known by its first bytes."""

from __future__ import annotations

from pathlib import Path

from deblurgan.errors import UnreadableImage

SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".jp2": "JPEG2000",
    ".avif": "AVIF",
}
"""The suffixes that results can have, in lower case, and the format each stands for."""

RESULTS = {
    **dict.fromkeys((".heic", ".heif"), ".jpg"),
    **dict.fromkeys((".j2k", ".j2c", ".jpf"), ".jp2"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"), ".tif"),
}
"""The suffixes that are read only, and the one that a result has instead."""

_RAW = {suffix for suffix, result in RESULTS.items() if result == ".tif"}

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG2000",
    b"\xff\x4f\xff\x51": "JPEG2000",
    b"FUJIFILMCCD-RAW": "RAW",
    b"IIRO": "RAW",
    b"IIRS": "RAW",
    b"IIU\0": "RAW",
}

# What an ISO container says it is, in its first box.
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"),
    b"crx ": "RAW",
}


def suffix_of_result(format: str) -> str:
    """The suffix of a result for a picture that was read in this format."""
    only_read = {"HEIF": RESULTS[".heic"], "RAW": RESULTS[".dng"]}
    return only_read.get(format) or next(suffix for suffix, known in SUFFIXES.items() if known == format)


def is_picture(path: Path | str) -> bool:
    """Say whether a path's suffix is that of a picture this package reads."""
    suffix = Path(path).suffix.lower()
    return suffix in SUFFIXES or suffix in RESULTS


def pictures_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    """List the pictures in a folder by suffix, sorted; with `recursive` also those in the folders below."""
    return sorted(
        path for path in folder.glob("**/*" if recursive else "*") if is_picture(path) and path.is_file()
    )


def format_of(data: bytes, name: str) -> str:
    """Return the format of a file by its content; of raw photos, which look like TIFF, by its suffix.

    Raises:
        UnreadableImage: it is empty or of no known format.
    """
    if not data:
        raise UnreadableImage(f"{name} is empty; get a fresh copy.")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        # The first brand may be a general one, with the telling one among those it is compatible with.
        brands = data[8 : int.from_bytes(data[:4])]
        found = [_BRANDS.get(brands[place : place + 4]) for place in range(0, min(len(brands), 64), 4)]
        known = next((format for format in ("AVIF", "RAW", "HEIF") if format in found), None)
        if known:
            return known
    for signature, format in _SIGNATURES.items():
        if data.startswith(signature):
            return "RAW" if format == "TIFF" and Path(name).suffix.lower() in _RAW else format
    known_formats = ", ".join(dict.fromkeys((*SUFFIXES.values(), "HEIC", "camera raw")))
    raise UnreadableImage(f"{name} is no picture of a known format; give one of {known_formats}.")
