"""One photo: its pixels and all that must survive with them, read from a file or written to one."""

from __future__ import annotations

import dataclasses
import logging
import math
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from deblurgan import by_camera, by_pillow, by_vips, photoshop
from deblurgan.coded import Coded, Saving
from deblurgan.errors import DeblurganError, UnreadableImage, UnwritableTarget
from deblurgan.format_limits import say_what_is_lost
from deblurgan.formats import SUFFIXES as SUFFIXES
from deblurgan.formats import format_of, suffix_of_result
from deblurgan.formats import is_picture as is_picture
from deblurgan.formats import pictures_in as pictures_in
from deblurgan.gain_map import Behind, with_length
from deblurgan.metadata import patched_exif, patched_xmp
from deblurgan.samples import samples_of
from deblurgan.samples import to_float as to_float
from deblurgan.samples import to_integer as to_integer
from deblurgan.whole import write_whole

MAX_PIXELS = 300_000_000

_READERS = {"TIFF": by_vips.read_tiff, "HEIF": by_camera.read_heif, "RAW": by_camera.read_raw}

_KINDS = (np.float32, np.uint8, np.uint16)

logger = logging.getLogger(__name__)

Pixels = NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """A photo, upright: `pixels` float32 [H, W, 3] in [0, 1], `alpha` float32 [H, W] in [0, 1] or None; with
    `saving.has_mask` it is a mask of something and no transparency.

    Both may also be uint8 or uint16, which take a quarter or half of the memory. A grey photo holds its grey
    three times. `exif` starts at its TIFF header; its orientation is 1. `photoshop` holds IPTC,
    `comments` are JPEG's, and `gain_map` is what lies behind a JPEG that displays make HDR of. `png_colours`
    and `png_texts` are PNG's chunks of gamma and primaries and of text.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    is_gray: bool = False
    bit_depth: Literal[8, 16] = 8
    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    photoshop: bytes | None = None
    comments: tuple[bytes, ...] = ()
    gain_map: Behind | None = None
    png_colours: bytes = b""
    png_texts: bytes = b""
    format: str = "PNG"
    saving: Saving = dataclasses.field(default_factory=Saving)
    source: Path | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype not in _KINDS:
            raise ValueError(
                f"pixels must be float32, uint8 or uint16 [H, W, 3], not {self.pixels.dtype} {self.pixels.shape}"
            )
        if self.alpha is not None and self.alpha.shape != self.pixels.shape[:2]:
            raise ValueError(f"alpha {self.alpha.shape} does not fit pixels {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def with_pixels(self, pixels: Pixels) -> Image:
        """Return the same photo with other pixels, [H, W, 3]: float32 in [0, 1], uint8 or uint16.

        Pixels that are a whole number of times larger enlarge the transparency too.
        """
        scale = len(pixels) // self.height
        alpha = self.alpha
        if alpha is not None and scale > 1:
            alpha = alpha.repeat(scale, axis=0).repeat(scale, axis=1)
        return dataclasses.replace(self, pixels=pixels, alpha=alpha)


def read(source: Path | str | bytes | BinaryIO, *, max_pixels: int = MAX_PIXELS, as_stored: bool = False) -> Image:
    """Read a photo from a file, its bytes or an open stream; with `as_stored` as uint8 or uint16, not floats.

    Orientation is applied once. Palettes become RGB, CMYK becomes sRGB without its profile. Of several
    pictures in one JPEG (gain maps, bursts) the first counts. Damaged EXIF is dropped, which the log says.

    Raises:
        UnreadableImage: the file is missing, empty, damaged, animated, has pages or is no picture.
        TooLarge: it has more than `max_pixels` pixels; decided from the header.
    """
    data, name, path = _contents(source)
    format = format_of(data, name)
    try:
        if format in _READERS:
            coded = _READERS[format](data, name, max_pixels)
        else:
            coded = by_pillow.read(data, name, format, max_pixels)
    except ValueError as error:
        why = " ".join(str(error).split())
        raise UnreadableImage(f"{name} is damaged, cut short or unusual ({why}); get a fresh copy.") from error
    return _image(coded, name, format, path, as_stored)


def write(
    image: Image,
    target: Path | str | BinaryIO,
    *,
    format: str | None = None,
    quality: int | None = None,
    metadata: Literal["keep", "strip"] = "keep",
    overwrite: bool = False,
) -> None:
    """Write a photo whole or not at all, in `format`, else the one of the target's suffix, else its own.

    Unless `quality` (1..100) is given, JPEG keeps the quantisation tables and subsampling it came with, and
    lossless WebP and JPEG 2000 stay lossless; all other lossy files are saved at 95, which JPEG 2000 takes for
    30 dB plus a fifth of it. "strip" leaves out EXIF, XMP, IPTC, comments, texts and the gain map,
    which XMP describes; the ICC profile always stays, as PNG's gamma does, for without it the colours change.

    Raises:
        UnwritableTarget: the target exists, cannot be written or its format cannot hold the photo.
        ValueError: `quality` or `metadata` is out of range.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(f"quality is 1 to 100, not {quality}")
    if metadata not in ("keep", "strip"):
        raise ValueError(f"metadata is 'keep' or 'strip', not {metadata!r}")
    to_file = isinstance(target, str | Path)
    name = str(target) if to_file else "the picture"
    suffix = f".{format}" if format else Path(name).suffix if to_file else suffix_of_result(image.format)
    if suffix.lower() not in SUFFIXES:
        raise UnwritableTarget(f"{name} cannot be written as {suffix!r}; use one of {' '.join(SUFFIXES)}.")
    if metadata == "strip":
        image = dataclasses.replace(
            image, exif=None, xmp=None, photoshop=None, comments=(), gain_map=None, png_texts=b""
        )
    if isinstance(target, str | Path):
        write_whole(target, _encoded(image, name, SUFFIXES[suffix.lower()], quality), overwrite=overwrite)
    else:
        target.write(_encoded(image, name, SUFFIXES[suffix.lower()], quality))


def _contents(source: Path | str | bytes | BinaryIO) -> tuple[bytes, str, Path | None]:
    if isinstance(source, bytes):
        return source, "the given picture", None
    if not isinstance(source, str | Path):
        if not hasattr(source, "read"):
            raise TypeError(f"expected a path, bytes or an open file, not {type(source).__name__}")
        return source.read(), str(getattr(source, "name", "the given stream")), None
    path = Path(source)
    try:
        if path.is_dir():
            raise UnreadableImage(f"{path} is a folder; name a picture in it.")
        return path.read_bytes(), str(path), path
    except FileNotFoundError as error:
        raise UnreadableImage(f"{path} does not exist; check the name.") from error
    except OSError as error:
        raise UnreadableImage(f"{path} cannot be read ({error.strerror}); check its permissions.") from error


def _image(coded: Coded, name: str, format: str, path: Path | None, as_stored: bool) -> Image:
    gain_map, xmp = _upright_map(coded, name)
    coded = coded.upright()
    samples = coded.samples
    height, width, bands = samples.shape
    pixels: Pixels = samples[..., :3]
    alpha: Pixels | None = samples[..., -1] if bands in (2, 4) else None
    if not as_stored:
        pixels, alpha = (
            to_float(samples[..., : 1 if bands <= 2 else 3]),
            alpha if alpha is None else to_float(alpha),
        )
    if bands <= 2:
        pixels = (
            np.broadcast_to(pixels[..., :1], (height, width, 3)) if as_stored else np.repeat(pixels, 3, axis=2)
        )
    return Image(
        pixels=pixels,
        alpha=alpha,
        is_gray=bands <= 2,
        bit_depth=16 if samples.dtype == np.uint16 else 8,
        icc_profile=coded.icc_profile,
        exif=_true_exif(coded.exif, name, width, height),
        xmp=patched_xmp(xmp, width, height) if xmp else None,
        photoshop=_true_photoshop(coded.photoshop, name),
        comments=coded.comments,
        gain_map=gain_map,
        png_colours=coded.png_colours,
        png_texts=coded.png_texts,
        format=format,
        saving=coded.saving,
        source=path,
    )


def _upright_map(coded: Coded, name: str) -> tuple[Behind | None, bytes | None]:
    """The gain map, turned as the picture will be, and the picture's XMP that states its length."""
    found = coded.behind
    if found is None or found.gain_map is None:
        return None, coded.xmp
    if coded.orientation == 1:
        return found, coded.xmp
    try:
        # One that is larger than its picture would get round every limit on the picture.
        small = by_pillow.read(found.gain_map, name, "JPEG", math.prod(coded.samples.shape[:2]))
        # The picture's orientation counts for its map, whatever the map states itself.
        turned = dataclasses.replace(small, orientation=coded.orientation, exif=None).upright()
        gain_map = by_pillow.encoded(turned, "JPEG", None)
    except (ValueError, DeblurganError) as error:
        logger.warning("%s: its gain map is damaged or too large (%s), so it is left out", name, error)
        return None, coded.xmp
    xmp = coded.xmp and with_length(coded.xmp, len(found.gain_map), len(gain_map))
    return dataclasses.replace(found, gain_map=gain_map), xmp


def _encoded(image: Image, name: str, format: str, quality: int | None) -> bytes:
    is_deep = format in ("PNG", "TIFF")
    # Of 16 bits in JPEG 2000, Pillow writes grey ones only.
    is_deep_gray = format == "JPEG2000" and image.is_gray and image.alpha is None
    if image.saving.has_mask and format != "TIFF":
        logger.warning("%s: %s cannot hold a channel that is no transparency, left out", name, format)
        image = dataclasses.replace(image, alpha=None)
    on_white = image.alpha is not None and format in ("JPEG", "BMP")
    bit_depth = image.bit_depth if is_deep or is_deep_gray else 8
    if bit_depth < image.bit_depth:
        logger.warning("%s: its %d bits a sample became 8", name, image.bit_depth)
    if on_white:
        logger.warning("%s: %s knows no transparency, so the picture is put on white", name, format)
    coded = Coded(
        samples=samples_of(
            image.pixels,
            image.alpha,
            bit_depth=bit_depth,
            is_gray=image.is_gray and format not in ("WEBP", "AVIF"),
            on_white=on_white,
        ),
        orientation=1,
        icc_profile=image.icc_profile,
        exif=_true_exif(image.exif, name, image.width, image.height),
        xmp=patched_xmp(image.xmp, image.width, image.height) if image.xmp else None,
        saving=image.saving,
        photoshop=image.photoshop,
        comments=image.comments,
        behind=image.gain_map,
        png_colours=image.png_colours,
        png_texts=image.png_texts,
    )
    say_what_is_lost(coded, name, format)
    try:
        if is_deep:
            return by_vips.png(coded) if format == "PNG" else by_vips.tiff(coded)
        return by_pillow.encoded(coded, format, quality)
    except ValueError as error:
        raise UnwritableTarget(f"{name} cannot be saved as {format} ({error}); choose another format.") from error


def _true_exif(exif: bytes | None, name: str, width: int, height: int) -> bytes | None:
    try:
        return patched_exif(exif, width, height) if exif else None
    except ValueError as error:
        logger.warning("%s: %s, so it is left out", name, error)
        return None


def _true_photoshop(block: bytes | None, name: str) -> bytes | None:
    try:
        return photoshop.without_thumbnails(block) if block else None
    except ValueError as error:
        logger.warning("%s: %s, so it is left out", name, error)
        return None
