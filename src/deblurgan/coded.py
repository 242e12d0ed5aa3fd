"""A picture as a file holds it: whole-number samples, the metadata beside them and how they were saved."""

import dataclasses
import logging
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from deblurgan.errors import TooLarge
from deblurgan.gain_map import Behind
from deblurgan.png_chunks import differ_from_srgb

logger = logging.getLogger(__name__)

Samples = NDArray[np.uint8 | np.uint16]

DAMAGE = (
    *(OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError, AttributeError),
    *(struct.error, zlib.error, RuntimeError),
)
"""What Pillow and its decoders raise when a file contradicts itself."""


@dataclasses.dataclass(frozen=True)
class Saving:
    """How a file was saved, so that it can be saved the same way again; empty where nothing is known.

    `quantisation` holds JPEG's tables (64 numbers each) and `subsampling` 0 for 4:4:4, 1 for 4:2:2, 2 for
    4:2:0; `lossless` speaks of WebP; `compression` is TIFF's; `dpi` is (horizontal, vertical); `has_mask` says of
    TIFF that the last channel is a mask of something and no transparency.
    """

    quantisation: tuple[tuple[int, ...], ...] = ()
    subsampling: int = 0
    progressive: bool = False
    lossless: bool = False
    compression: str = "deflate"
    dpi: tuple[float, float] | None = None
    has_mask: bool = False

    def transposed(self) -> "Saving":
        """Return what suits the picture once its rows have become its columns."""
        places = np.arange(64).reshape(8, 8).T.ravel()
        return dataclasses.replace(
            self,
            quantisation=tuple(tuple(table[place] for place in places) for table in self.quantisation),
            subsampling=0 if self.subsampling == 1 else self.subsampling,
            dpi=self.dpi and self.dpi[::-1],
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Coded:
    """`samples` [H, W, bands], uint8 or uint16; bands: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.

    `orientation` is EXIF's, 1..8, and not yet applied; `exif` starts at its TIFF header. `photoshop` is the
    block of resources that holds IPTC, `comments` are JPEG's, and so is what lies `behind` the picture;
    `png_colours` and `png_texts` are PNG's chunks of gamma and primaries and of text.
    """

    samples: Samples
    orientation: int
    icc_profile: bytes | None
    exif: bytes | None
    xmp: bytes | None
    saving: Saving
    photoshop: bytes | None = None
    comments: tuple[bytes, ...] = ()
    behind: Behind | None = None
    png_colours: bytes = b""
    png_texts: bytes = b""

    @property
    def only_png_tells_colours(self) -> bool:
        """Whether the picture is not in sRGB, and nothing but `png_colours` says so."""
        return not self.icc_profile and differ_from_srgb(self.png_colours)

    def upright(self) -> "Coded":
        """Return the picture with its orientation applied to samples and tables."""
        samples, saving = self.samples, self.saving
        if self.orientation >= 5:
            samples, saving = samples.swapaxes(0, 1), saving.transposed()
        samples = samples[
            :: -1 if self.orientation in (3, 4, 7, 8) else 1, :: -1 if self.orientation in (2, 3, 6, 7) else 1
        ]
        return dataclasses.replace(self, samples=samples, saving=saving, orientation=1)


def sane_dpi(horizontal: float, vertical: float) -> tuple[float, float] | None:
    """Return the resolution if any printer could mean it, else None."""
    dpi = (float(horizontal), float(vertical))
    return dpi if all(0.5 <= value < 65_000 for value in dpi) else None


def say_converted(name: str, mode: str, *, has_profile: bool) -> None:
    """Log that a picture of this Pillow mode will not keep its kind of samples; say nothing of other modes."""
    what = {
        "1": "its 1 bit a sample became 8",
        "P": "its palette became full colour",
        "CMYK": "CMYK became sRGB" + ", so its profile is left out" * has_profile,
    }
    if mode in what:
        logger.warning("%s: %s", name, what[mode])


def refuse_too_large(name: str, width: int, height: int, max_pixels: int) -> None:
    """Raise TooLarge if a picture of this size exceeds the limit."""
    if width * height > max_pixels:
        size = f"{width} x {height} pixels"
        raise TooLarge(f"{name} has {size}, more than the {max_pixels} allowed; scale it down.")
