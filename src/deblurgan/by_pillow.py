"""JPEG, WebP, AVIF, JPEG 2000 and BMP through Pillow, which also judges PNG and reads its 8-bit kind."""

import io
import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile, get_sampling
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from deblurgan import by_vips, gain_map, jpeg2000, photoshop
from deblurgan.coded import DAMAGE, Coded, Samples, Saving, refuse_too_large, sane_dpi, say_converted
from deblurgan.colour_codes import codes_of, profile_for
from deblurgan.errors import DeblurganError, TooLarge, UnreadableImage
from deblurgan.format_limits import refuse_long_sides
from deblurgan.formats import format_of
from deblurgan.metadata import EXIF_PREFIX, orientation, quiet_pillow
from deblurgan.png_chunks import colours_of, texts_of, without_extras

logger = logging.getLogger(__name__)

QUALITY = 95
"""JPEG and lossy WebP where nobody asks for another and the file came in another format."""

# What one segment holds; XMP's signature takes 29 bytes of it, EXIF's is part of the block.
_JPEG_EXIF, _JPEG_XMP = 65_533, 65_533 - 29
_EXTENDED_XMP = b"http://ns.adobe.com/xmp/extension/"
# Rows at a time: what is passed on in small pieces goes through the same memory each time.
_STRIP = 64
# Bytes before the pixels of a BMP file whose header is of the fifth kind, the first to know profiles.
_BMP_HEADERS = 14 + 124
# Bytes that tell the format, and the bits a sample of PNG.
_HEAD = 64
_OPENERS: dict[str, type[ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
    "BMP": BmpImageFile,
    "AVIF": AvifImageFile,
    "JPEG2000": Jpeg2KImageFile,
}


def read(data: bytes, name: str, format: str, max_pixels: int) -> Coded:
    """Decode a JPEG, PNG, WebP, AVIF, JPEG 2000 or BMP file; `name` is what messages call it.

    Raises:
        UnreadableImage: it is animated.
        TooLarge: it has more than `max_pixels` pixels; decided from the header.
        ValueError: it is damaged.
    """
    try:
        try:
            return _read(data, name, format, max_pixels)
        except DAMAGE as error:
            if format != "PNG":
                raise
            return _bare_png(data, name, max_pixels, error)
    except PIL.Image.DecompressionBombError as error:
        raise TooLarge(f"{name} is too large ({error}); scale it down.") from error
    except DAMAGE as error:
        raise ValueError(str(error)) from error


def size_by_header(source: Path) -> tuple[int, int] | None:
    """(height, width) of an upright 8-bit JPEG or PNG file, as far as its header tells; None if it does not."""
    try:
        # What is no file, such as a pipe, can be read but once.
        if not source.is_file():
            return None
        with quiet_pillow(), source.open("rb") as file:
            head = file.read(_HEAD)
            format = format_of(head, str(source))
            if format not in ("JPEG", "PNG") or _is_deep(head, format):
                return None
            file.seek(0)
            picture = _OPENERS[format](file)
            exif = picture.info.get("exif", b"").removeprefix(EXIF_PREFIX)
            turned = orientation(exif or None, picture.info.get("xmp")) >= 5
    # What is wrong with the file is said when it is read.
    except (DeblurganError, PIL.Image.DecompressionBombError, *DAMAGE):
        return None
    return (picture.width, picture.height) if turned else (picture.height, picture.width)


def encoded(coded: Coded, format: str, quality: int | None) -> bytes:
    """Return a file of one of these formats, saved as before unless `quality` (1..100) is given.

    Samples have 8 bits; grey ones may have 16 in JPEG 2000.

    Raises:
        ValueError: the format cannot hold the picture.
    """
    samples, saving = coded.samples, coded.saving
    refuse_long_sides(coded, format)
    picture = PIL.Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)
    block = {"icc_profile": coded.icc_profile or b"", "exif": coded.exif or b"", "xmp": coded.xmp or b""}
    options: dict[str, Any]
    if format == "JPEG":
        keeps = quality is None and bool(saving.quantisation)
        options = {
            "quality": -1 if keeps else quality or QUALITY,
            "qtables": list(saving.quantisation) if keeps else None,
            "subsampling": saving.subsampling,
            "progressive": saving.progressive,
            "icc_profile": block["icc_profile"],
            "exif": _segment(EXIF_PREFIX + block["exif"], "EXIF", _JPEG_EXIF) if coded.exif else b"",
            "xmp": _segment(block["xmp"], "XMP", _JPEG_XMP),
            "extra": photoshop.as_segments(coded.photoshop, coded.comments),
        }
    elif format == "WEBP":
        exact = quality is None and saving.lossless
        # Without `exact` libwebp repaints what lies under full transparency.
        options = block | {"lossless": exact, "exact": exact, "quality": quality or QUALITY}
    elif format == "AVIF":
        options = block | {"quality": quality or QUALITY, "subsampling": "4:4:4"}
    elif format == "JPEG2000" and not (quality is None and saving.lossless):
        layers = [30 + (quality or QUALITY) / 5]
        options = {"irreversible": True, "quality_mode": "dB", "quality_layers": layers}
    else:
        options = {}
    if saving.dpi and format in ("JPEG", "BMP"):
        options["dpi"] = saving.dpi
    stream = io.BytesIO()
    try:
        picture.save(stream, format, **options)
    except DAMAGE as error:
        raise ValueError(str(error)) from error
    if format == "JPEG2000":
        return jpeg2000.with_blocks(stream.getvalue(), coded.icc_profile, coded.exif, coded.xmp, saving.dpi)
    if format == "JPEG" and coded.behind:
        return gain_map.with_these(stream.getvalue(), coded.behind)
    return stream.getvalue()


def _read(data: bytes, name: str, format: str, max_pixels: int) -> Coded:
    with quiet_pillow():
        # Not PIL.Image.open: its limit on size is a setting of the whole process.
        picture = _OPENERS[format](io.BytesIO(data))
    refuse_too_large(name, picture.width, picture.height, max_pixels)
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        raise UnreadableImage(f"{name} is animated ({frames} frames); save the frame you want as a picture.")
    # PNG may keep metadata behind its pixels, so even 16-bit files are loaded here once.
    picture.load()
    info, is_cmyk = picture.info, picture.mode == "CMYK"
    lossless = format == "WEBP" and _is_lossless(data)
    bits = 8
    if format == "AVIF":
        bits = _avif_bits(data)
    elif format == "JPEG2000":
        facts = jpeg2000.facts_of(data)
        info |= {"icc_profile": facts.icc_profile, "exif": facts.exif or b"", "xmp": facts.xmp}
        lossless, bits = facts.is_lossless, facts.bits
    elif format == "BMP":
        info["icc_profile"] = _bmp_profile(data)
    if bits > 8 and picture.mode != "I;16":
        logger.warning("%s: its %d bits a sample became 8", name, bits)
    if format == "PNG" and picture.mode == "L" and isinstance(info.get("transparency"), int):
        # Pillow widens the samples to 8 bits, and forgets the one that stands for transparency.
        info["transparency"] *= 255 // (2 ** min(8, data[24]) - 1)
    exif = info.get("exif", b"").removeprefix(EXIF_PREFIX) or _exif_in_text(info) or None
    profile = info.get("icc_profile")
    if format == "AVIF" and not profile:
        profile = profile_for(*codes_of(data), name)
    if any(body.startswith(_EXTENDED_XMP) for body in _segments(picture, "APP1")):
        logger.warning("%s: its extended XMP is left out", name)
    say_converted(name, picture.mode, has_profile=bool(profile))
    dpi = sane_dpi(*info["dpi"]) if "dpi" in info else None
    return Coded(
        samples=by_vips.samples(data)
        if (is_cmyk and format == "JPEG") or _is_deep(data, format)
        else _shown(_samples(picture), format),
        orientation=orientation(exif, info.get("xmp")),
        icc_profile=None if is_cmyk else profile,
        exif=exif,
        xmp=info.get("xmp"),
        saving=_jpeg_saving(picture, dpi)
        if isinstance(picture, JpegImageFile) and not is_cmyk
        else Saving(lossless=lossless, dpi=dpi),
        photoshop=photoshop.joined(_segments(picture, "APP13")),
        comments=tuple(_segments(picture, "COM")),
        behind=_behind(data, name) if format == "JPEG" else None,
        png_colours=colours_of(data) if format == "PNG" else b"",
        png_texts=texts_of(data) if format == "PNG" else b"",
    )


def _bare_png(data: bytes, name: str, max_pixels: int, error: Exception) -> Coded:
    """Decode the picture alone; raises the first error again if the damage is not in what stands beside it."""
    try:
        bare = _read(without_extras(data), name, "PNG", max_pixels)
    except DAMAGE:
        raise error from None
    logger.warning("%s: its metadata is damaged, so it is left out", name)
    return bare


def _samples(picture: ImageFile) -> Samples:
    if picture.mode == "I;16":
        return np.asarray(picture)[..., None]
    colour = "L" if picture.mode in ("1", "L", "LA") else "RGB"
    mode = colour + "A" * picture.has_transparency_data
    bands: Samples = np.empty((picture.height, picture.width, len(mode)), np.uint8)
    # Strip by strip: converting and exporting the whole would hold a large photo three times more.
    for top in range(0, picture.height, _STRIP):
        strip = picture.crop((0, top, picture.width, min(top + _STRIP, picture.height)))
        converted = strip if strip.mode == mode else strip.convert(mode)
        bands[top : top + _STRIP] = np.asarray(converted).reshape(strip.height, strip.width, -1)
    return bands


def _shown(samples: Samples, format: str) -> Samples:
    """Without the transparency of a BMP file in which all is transparent: who wrote it meant none."""
    return samples[..., :3] if format == "BMP" and not samples[..., 3:].any() else samples


def _exif_in_text(info: dict[Any, Any]) -> bytes:
    """The EXIF block that ImageMagick writes into a PNG as text: name, length, hexadecimal digits."""
    try:
        digits = "".join(str(info["Raw profile type exif"]).split()[2:])
        return bytes.fromhex(digits).removeprefix(EXIF_PREFIX)
    except (KeyError, ValueError):
        return b""


def _segments(picture: ImageFile, kind: str) -> list[bytes]:
    """The bodies of a JPEG's segments of that kind; none of any other file."""
    if not isinstance(picture, JpegImageFile):
        return []
    return [body for name, body in picture.applist if name == kind]


def _behind(jpeg: bytes, name: str) -> gain_map.Behind | None:
    try:
        found = gain_map.behind(jpeg)
    except ValueError as error:
        logger.warning("%s: %s, so they are left out", name, error)
        return None
    if found.others:
        logger.warning("%s: %d further pictures, such as a depth map, are left out", name, found.others)
    return found


def _is_deep(data: bytes, format: str) -> bool:
    return format == "PNG" and data[24] == 16


def _avif_bits(avif: bytes) -> int:
    """Bits a sample by the first decoder configuration in the file."""
    place = avif.find(b"av1C")
    flags = avif[place + 6] if 0 <= place < len(avif) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _bmp_profile(bmp: bytes) -> bytes | None:
    """The profile that a header of the fifth kind says lies in the file."""
    if len(bmp) < _BMP_HEADERS or bmp[14] < _BMP_HEADERS - 14 or bmp[70:74] != b"DEBM":
        return None
    place, length = struct.unpack_from("<LL", bmp, 126)
    return bmp[14 + place :][:length] or None


def _is_lossless(webp: bytes) -> bool:
    place = 12
    while place < len(webp) and webp[place : place + 4] not in (b"VP8L", b"VP8 "):
        size = int.from_bytes(webp[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
    return webp[place : place + 4] == b"VP8L"


def _jpeg_saving(picture: JpegImageFile, dpi: tuple[float, float] | None) -> Saving:
    tables = [tuple(picture.quantization[component[3]]) for component in picture.layer]
    if tables[1:2] == tables[2:]:
        del tables[2:]
    return Saving(
        quantisation=tuple(tables),
        subsampling=max(0, get_sampling(picture)),
        progressive=bool(picture.info.get("progressive")),
        dpi=dpi,
    )


def _segment(block: bytes, kind: str, room: int) -> bytes:
    if len(block) <= room:
        return block
    logger.warning("%d bytes of %s do not fit into a JPEG file, so they are left out", len(block), kind)
    return b""
