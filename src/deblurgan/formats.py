"""Which files count as pictures or videos, what each suffix stands for and how a format is known by its bytes."""

from __future__ import annotations

from pathlib import Path, PurePath

from deblurgan.errors import UnreadableImage

SUFFIXES = {
    **dict.fromkeys((".jpg", ".jpeg", ".jfif", ".jpe", ".jif"), "JPEG"),
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
    **dict.fromkeys((".heic", ".heif", ".mpo"), ".jpg"),
    **dict.fromkeys((".j2k", ".j2c", ".jpf"), ".jp2"),
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"), ".tif"),
}
"""The suffixes that are read only, and the one that a result has instead."""

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".3gp"),
    *(".flv", ".f4v", ".ogv", ".mxf"),
)
"""The suffixes that count as video, in lower case."""

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""The suffixes that resulting videos can have, and FFmpeg's name of the container of each."""

# Neither read nor written here, but nobody calls a folder so.
_FOREIGN = (
    *(".gif", ".apng", ".ico", ".svg", ".eps", ".pdf", ".psd", ".xcf", ".tga", ".pcx", ".ppm", ".pgm", ".pnm"),
    *(".exr", ".hdr", ".jxl", ".jxr", ".wmv", ".asf", ".ogg", ".rm"),
)

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


def is_foreign(path: PurePath | str) -> bool:
    """Whether the suffix is that of a kind of picture or video that is neither read nor written here."""
    return PurePath(path).suffix.lower() in _FOREIGN


def is_picture(path: PurePath | str) -> bool:
    """Say whether a path's suffix is that of a picture this package reads."""
    suffix = Path(path).suffix.lower()
    return suffix in SUFFIXES or suffix in RESULTS


def is_video(path: PurePath | str) -> bool:
    """Say whether a path's suffix is that of a video."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def is_restorable(path: PurePath | str) -> bool:
    """Say whether a path's suffix is that of a picture or a video."""
    return is_picture(path) or is_video(path)


def result_suffix(source: PurePath, format: str | None) -> str:
    """Return the suffix of a result.

    Args:
        source: the picture or video.
        format: asked for, a suffix without its dot; what is no format of its kind says nothing of it.
    """
    asked = f".{format.lower()}" if format else ""
    own = source.suffix.lower()
    if is_video(source):
        # Matroska holds whatever old containers held.
        kept = source.suffix if own in CONTAINERS else ".mp4" if own in (".3gp", ".f4v") else ".mkv"
        return asked if asked in CONTAINERS else kept
    return asked if asked in SUFFIXES else RESULTS.get(own, source.suffix)


def names_a_file(target: Path | str) -> bool:
    """Say whether a target's suffix is that of any picture or video, read here or not, so not of a folder."""
    return is_restorable(target) or is_foreign(target)


def is_writable(target: Path | str) -> bool:
    """Say whether a target's suffix stands for a picture or a video that results can be."""
    return Path(target).suffix.lower() in (*SUFFIXES, *CONTAINERS)


def contradicts(target: Path | str, format: str | None) -> bool:
    """Say whether a target's suffix stands for another format of its kind than the one asked for, as above."""
    own, asked = Path(target).suffix.lower(), f".{format.lower()}" if format else ""
    return any(own in kind and asked in kind and kind[own] != kind[asked] for kind in (SUFFIXES, CONTAINERS))


def pictures_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    """List a folder's pictures by suffix, sorted, without hidden ones; with `recursive` also those below."""
    return [path for path in restorable_in(folder, recursive=recursive) if is_picture(path)]


def restorable_in(folder: Path, *, recursive: bool = False) -> list[Path]:
    """List the pictures and videos in a folder as `pictures_in` lists pictures."""
    found = folder.glob("**/*" if recursive else "*")
    return sorted(
        path
        for path in found
        if is_restorable(path) and not is_hidden(path.relative_to(folder)) and _is_file(path)
    )


def is_hidden(path: PurePath) -> bool:
    """Say whether a path's name, or one of a folder in it, begins with a dot: what no folder stands for.

    So begin the names of previews, of what macOS keeps beside files on other disks, and of the finished part of a
    video.
    """
    return any(part.startswith(".") for part in path.parts)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except PermissionError:
        # Left in, for whoever reads it to say that it is closed.
        return True


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
    raise UnreadableImage(
        f"{name} is no picture of a known format; give one of {known_formats}, "
        f"or a video, whose name must end in one of {' '.join(VIDEO_SUFFIXES)}."
    )
