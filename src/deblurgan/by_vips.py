"""PNG and TIFF with every bit they hold, through libvips: Pillow opens 16-bit colour as 8-bit, silently."""

import dataclasses
import io
import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import PIL.Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from deblurgan.coded import DAMAGE, Coded, Samples, Saving, refuse_too_large, sane_dpi, say_converted
from deblurgan.errors import UnreadableImage
from deblurgan.metadata import EXIF_PREFIX, quiet_pillow
from deblurgan.png_chunks import chunk
from deblurgan.samples import row_bands

logger = logging.getLogger(__name__)

# How BigTIFF begins, and the order of its bytes.
_BIG = {b"II+\0": "<", b"MM\0+": ">"}
_ORDINARY = {b"II": b"II*\0", b"MM": b"MM\0*"}
_COMPRESSIONS = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate", 32773: "packbits"}
_SAMPLE_KINDS = ("uchar", "ushort")
_SUBFILE, _BITS, _COMPRESSION, _STRIPS, _ORIENTATION, _STRIP_SIZES = 254, 258, 259, 273, 274, 279
_PHOTOMETRIC, _PALETTE, _YCBCR, _LAB = 262, 3, 6, (8, 9, 10)
# What YCbCr is where these tags are missing: by BT.601, over the whole range.
_USUAL = {529: (0.299, 0.587, 0.114), 532: (0, 255, 128, 255, 128, 255)}
_JPEG, _SUBSAMPLING = (6, 7), 530
_EXTRA_SAMPLES, _UNSPECIFIED, _TRANSPARENCY = 338, 0, (1, 2)
_XMP, _PROFILE, _PHOTOSHOP, _DNG = 700, 34675, 34377, 50706
_FIRST_RAW = 50000
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_RESOLUTION = {_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT}
_DIRECTORIES = (0x8769, 0x8825)
# Tags that say how the samples lie in the file; all others say something about the picture.
_LAYOUT = frozenset(
    {*range(254, 260), *range(262, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301, 317}
    | {
        *range(320, 326),
        330,
        *range(332, 335),
        *range(336, 348),
        *range(512, 533),
        559,
        *(33421, 33422),
        _XMP,
        _PROFILE,
        _PHOTOSHOP,
    }
)


def read_tiff(data: bytes, name: str, max_pixels: int) -> Coded:
    """Decode a TIFF file; `name` is what messages call it.

    Raises:
        UnreadableImage: it has several pages, floats or is a raw photo in TIFF's clothes.
        TooLarge: it has more than `max_pixels` pixels; decided from the header.
        ValueError: it is damaged.
    """
    tags = _tags(data)
    # libvips calls them damaged.
    if tags.get(_PHOTOMETRIC) in _LAB:
        raise UnreadableImage(f"{name} has its colours in CIELAB; save it in RGB.")
    picture = _opened(data)
    refuse_too_large(name, picture.width, picture.height, max_pixels)
    fields = {field: picture.get(field) for field in picture.get_fields()}
    if fields.get("n-pages", 1) > 1:
        raise UnreadableImage(f"{name} has {fields['n-pages']} pages; save the page you want as a picture.")
    if _DNG in tags or tags.get(_SUBFILE, 0) & 1:
        raise UnreadableImage(f"{name} is a raw photo; develop it to TIFF or JPEG first.")
    is_cmyk = picture.interpretation == "cmyk"
    if picture.format not in _SAMPLE_KINDS:
        raise UnreadableImage(
            f"{name} has samples of the kind {picture.format}; save it with whole numbers of 8 or 16 bits."
        )
    has_palette, is_bilevel = tags.get(_PHOTOMETRIC) == _PALETTE, tags.get(_BITS) == 1
    mode = "CMYK" if is_cmyk else "P" if has_palette else "1" if is_bilevel else ""
    say_converted(name, mode, has_profile="icc-profile-data" in fields)
    resources = tags.get(_PHOTOSHOP)
    decoded = _decoded(picture)
    if tags.get(_PHOTOMETRIC) == _YCBCR:
        decoded = _as_rgb(decoded, tags)
    has_mask = decoded.shape[2] in (2, 4) and np.ravel(tags.get(_EXTRA_SAMPLES, 0))[0] not in _TRANSPARENCY
    return Coded(
        samples=decoded,
        orientation=fields.get("orientation", 1),
        icc_profile=None if is_cmyk else fields.get("icc-profile-data"),
        xmp=fields.get("xmp-data"),
        saving=Saving(
            compression=_COMPRESSIONS.get(tags.get(_COMPRESSION, 0), "deflate"),
            dpi=_dpi(tags),
            has_mask=has_mask,
        ),
        exif=_exif_of(tags, name),
        photoshop=resources if isinstance(resources, bytes) else None,
    )


def exif_of_tiff(data: bytes, name: str) -> bytes | None:
    """Return what a raw photo built like a TIFF file says of itself, as an EXIF block; log if that is nothing."""
    # Olympus and Panasonic have numbers of their own where TIFF has 42.
    tags = _tags(_ORDINARY[data[:2]] + data[4:] if data[:2] in _ORDINARY else data)
    if not tags:
        logger.warning("%s: its EXIF cannot be read, so it is left out", name)
    for tag in [tag for tag in tags if tag >= _FIRST_RAW]:
        del tags[tag]
    return _exif_of(tags, name)


def samples(data: bytes) -> Samples:
    """Decode any file libvips knows to [H, W, 1..4], uint8 or uint16; CMYK comes out as sRGB.

    Raises:
        ValueError: the file is damaged or its samples are of another kind.
    """
    return _decoded(_opened(data))


def png(coded: Coded) -> bytes:
    """Return a PNG file with the samples, their resolution, ICC profile, EXIF block, XMP packet and own chunks."""
    bits = 8 * coded.samples.dtype.itemsize
    with _vips_errors():
        body: bytes = _encodable(coded.samples).pngsave_buffer(filter="all", bitdepth=bits, keep="none")
    chunks = [coded.png_colours]
    if coded.icc_profile:
        chunks.append(chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(coded.icc_profile)))
    if coded.saving.dpi:
        per_metre = [round(value / 0.0254) for value in coded.saving.dpi]
        chunks.append(chunk(b"pHYs", struct.pack(">LLB", *per_metre, 1)))
    if coded.exif:
        chunks.append(chunk(b"eXIf", coded.exif))
    if coded.xmp:
        chunks.append(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + coded.xmp))
    chunks.append(coded.png_texts)
    # libvips rewrites EXIF, refuses profiles it dislikes and makes up a resolution: its extra chunks go.
    header, pixels = body[:33], body[body.index(b"IDAT", 33) - 4 :]
    return b"".join((header, *chunks, pixels))


def tiff(coded: Coded) -> bytes:
    """Return a TIFF file with the samples, their resolution, ICC profile, EXIF tags and XMP packet."""
    compression = coded.saving.compression
    predictor = "horizontal" if compression in ("lzw", "deflate") else "none"
    picture = _encodable(coded.samples)
    with _vips_errors():
        body: bytes = picture.tiffsave_buffer(compression=compression, predictor=predictor, keep="none")
    stream = io.BytesIO(body)
    layout = ImageFileDirectory_v2(stream.read(8))
    stream.seek(layout.next)
    layout.load(stream)
    try:
        directory = _directory(layout, coded)
    except DAMAGE:
        logger.warning("EXIF tags that TIFF cannot hold are left out")
        directory = _directory(layout, dataclasses.replace(coded, exif=None))
    # The strips' addresses count from the start of `body`; `tobytes` added the length of what precedes it.
    pixels_end = max(map(sum, zip(layout[_STRIPS], layout[_STRIP_SIZES], strict=True)))
    return b"II*\0\x08\0\0\0" + directory + body[:pixels_end]


def _directory(layout: ImageFileDirectory_v2, coded: Coded) -> bytes:
    """Return a TIFF directory with that layout and the metadata, ready to stand right before the old file."""
    directory = ImageFileDirectory_v2()
    for tag in set(layout) - _RESOLUTION:
        directory.tagtype[tag] = layout.tagtype[tag]
        directory[tag] = layout[tag]
    if coded.saving.has_mask and _EXTRA_SAMPLES in layout:
        directory[_EXTRA_SAMPLES] = _UNSPECIFIED
    if coded.saving.dpi:
        directory[_X_RESOLUTION], directory[_Y_RESOLUTION] = coded.saving.dpi
        directory[_RESOLUTION_UNIT] = 2
    if coded.exif:
        tags = _tags(coded.exif)
        with quiet_pillow():
            for tag in set(tags) - _LAYOUT:
                directory[tag] = tags.get_ifd(tag) if tag in _DIRECTORIES else tags[tag]
    blocks = ((_PROFILE, 7, coded.icc_profile), (_XMP, 1, coded.xmp), (_PHOTOSHOP, 1, coded.photoshop))
    for tag, kind, block in blocks:
        if block:
            directory.tagtype[tag] = kind
            directory[tag] = block
    return directory.tobytes(8)


def _opened(data: bytes) -> Any:
    import pyvips

    with _vips_errors():
        return pyvips.Image.new_from_buffer(data, "", access="sequential", fail_on="error")


def _decoded(picture: Any) -> Samples:
    if picture.format not in _SAMPLE_KINDS:
        raise ValueError("its samples are neither 8- nor 16-bit whole numbers")
    with _vips_errors():
        if picture.interpretation not in ("b-w", "grey16", "srgb", "rgb16"):
            picture = picture.colourspace("rgb16" if picture.format == "ushort" else "srgb")
        decoded: Samples = picture.numpy()
    if picture.bands > 4:
        raise ValueError(f"it has {picture.bands} channels")
    return decoded.reshape(picture.height, picture.width, picture.bands)


def _as_rgb(samples: Samples, tags: PIL.Image.Exif) -> Samples:
    """Return [H, W, 3] RGB for what libvips gives of a TIFF file in YCbCr."""
    # It turns JPEG and subsampled colours into RGB, the latter with a transparency that the file does not have.
    if tags.get(_COMPRESSION) in _JPEG or tags.get(_SUBSAMPLING) != (1, 1):
        return samples[..., :3]
    usual = all(np.allclose(np.ravel(tags.get(tag, value)).astype(float), value) for tag, value in _USUAL.items())
    if samples.dtype != np.uint8 or samples.shape[2] != 3 or not usual:
        raise ValueError("its YCbCr has 16 bits, transparency, or another matrix or range than the usual one")
    rgb = np.empty_like(samples)
    for rows in row_bands(len(samples)):
        planes = [PIL.Image.fromarray(np.ascontiguousarray(samples[rows, :, band])) for band in range(3)]
        rgb[rows] = np.asarray(PIL.Image.merge("YCbCr", planes).convert("RGB"))
    return rgb


def _encodable(samples: Samples) -> Any:
    import pyvips

    height, width, bands = samples.shape
    is_deep = samples.dtype == np.uint16
    memory = np.ascontiguousarray(samples).data
    picture = pyvips.Image.new_from_memory(memory, width, height, bands, "ushort" if is_deep else "uchar")
    grey, colour = ("grey16", "rgb16") if is_deep else ("b-w", "srgb")
    return picture.copy(interpretation=grey if bands <= 2 else colour)


def _tags(tiff: bytes) -> PIL.Image.Exif:
    """Return the tags of the first directory; empty where Pillow cannot follow them."""
    tags = PIL.Image.Exif()
    with quiet_pillow():
        try:
            if order := _BIG.get(tiff[:4]):
                tags.endian, tags.bigtiff = order, True
                tags.load_from_fp(io.BytesIO(tiff), struct.unpack_from(order + "Q", tiff, 8)[0])
                # EXIF blocks and results are classic TIFF.
                tags.bigtiff = False
            else:
                tags.load(tiff)
        except DAMAGE:
            return PIL.Image.Exif()
    return tags


def _dpi(tags: PIL.Image.Exif) -> tuple[float, float] | None:
    inches = {2: 1.0, 3: 2.54}.get(tags.get(_RESOLUTION_UNIT, 2))
    try:
        with quiet_pillow():
            return sane_dpi(inches * tags[_X_RESOLUTION], inches * tags[_Y_RESOLUTION]) if inches else None
    except DAMAGE:
        return None


def _exif_of(tags: PIL.Image.Exif, name: str) -> bytes | None:
    """Return what the tags of a TIFF file say about the picture, as an EXIF block; they are used up."""
    for tag in _LAYOUT & set(tags):
        del tags[tag]
    if not set(tags) - _RESOLUTION - {_ORIENTATION}:
        return None
    try:
        with quiet_pillow():
            return tags.tobytes().removeprefix(EXIF_PREFIX)
    except DAMAGE:
        logger.warning("%s: its EXIF tags are damaged, so they are left out", name)
        return None


@contextmanager
def _vips_errors() -> Iterator[None]:
    import pyvips

    try:
        yield
    except pyvips.Error as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ValueError(lines[-1] if lines else "unknown error") from error
