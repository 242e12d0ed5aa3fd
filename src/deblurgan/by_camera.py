"""HEIC through libheif and raw photos through LibRaw: what phones and cameras write, read only."""

import io
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deblurgan.coded import DAMAGE, Coded, Samples, Saving, refuse_too_large
from deblurgan.colour_codes import profile_for
from deblurgan.extras import require
from deblurgan.metadata import EXIF_PREFIX
from deblurgan.raw_exif import exif_of_raw

logger = logging.getLogger(__name__)

# The power and the slope in the dark of the curve of sRGB; left alone, LibRaw takes that of television.
_SRGB = (2.4, 12.92)


def read_heif(data: bytes, name: str, max_pixels: int) -> Coded:
    """Decode the main picture of a HEIC file; more than 8 bits come out as 16.

    Raises:
        MissingExtra: pillow-heif is not installed.
        TooLarge: it has more than `max_pixels` pixels; decided from the header.
        ValueError: it is damaged.
    """
    require("photo", f"Reading {Path(name).name}, a HEIC photo,")
    import pillow_heif

    try:
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
        width, height = picture.size
        refuse_too_large(name, width, height, max_pixels)
        samples: Samples = np.asarray(picture)
        if picture.premultiplied_alpha:
            samples = _straight(samples)
    except DAMAGE as error:
        raise ValueError(str(error)) from error
    info = picture.info
    say_left_out(name, info.get("aux", {}))
    if (others := len(picture) - 1) > 0:
        logger.warning("%s: %d further pictures are left out", name, others)
    return Coded(
        samples=_over_whole_range(samples, info.get("bit_depth", 8)).reshape(*samples.shape[:2], -1),
        # libheif has turned the picture already, whatever its EXIF says.
        orientation=1,
        icc_profile=info.get("icc_profile") or profile_for(*_codes_of(info), name),
        exif=(info.get("exif") or b"").removeprefix(EXIF_PREFIX) or None,
        xmp=info.get("xmp"),
        saving=Saving(),
    )


def _codes_of(info: Mapping[str, Any]) -> tuple[int, int]:
    stated = info.get("nclx_profile") or {}
    return int(stated.get("color_primaries", 2)), int(stated.get("transfer_characteristics", 2))


def _straight(samples: Samples) -> Samples:
    """Colours as they are, for those that come multiplied by their opacity."""
    white, alpha = np.iinfo(samples.dtype).max, samples[..., 3:].astype(np.uint32)
    colours = (samples[..., :3] * np.uint32(white) + alpha // 2) // np.maximum(alpha, 1)
    return np.concatenate([np.minimum(colours, white).astype(samples.dtype), samples[..., 3:]], axis=2)


def _over_whole_range(samples: Samples, bits: int) -> Samples:
    """Samples of 10 or 12 bits, which come shifted up to 16, with white as white."""
    return samples if samples.dtype == np.uint8 else samples | (samples >> np.uint16(bits))


def say_left_out(name: str, auxiliaries: Iterable[str]) -> None:
    """Log that a HEIC file's gain map will not be in the result.

    Args:
        name: of the file.
        auxiliaries: types of the pictures that belong to its main one.
    """
    if any("gainmap" in kind.lower() for kind in auxiliaries):
        logger.warning("%s: the gain map of HDR is left out", name)


def read_raw(data: bytes, name: str, max_pixels: int) -> Coded:
    """Develop a raw photo to 16-bit sRGB with the camera's white balance.

    Raises:
        MissingExtra: rawpy is not installed.
        TooLarge: it has more than `max_pixels` pixels; decided from the header.
        ValueError: it is damaged or LibRaw does not know the camera.
    """
    require("photo", f"Developing {Path(name).name}, a raw photo,")
    import rawpy

    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            refuse_too_large(name, raw.sizes.width, raw.sizes.height, max_pixels)
            samples: Samples = raw.postprocess(use_camera_wb=True, output_bps=16, gamma=_SRGB)
    except rawpy.LibRawError as error:
        said = error.args[0]
        raise ValueError(said.decode() if isinstance(said, bytes) else str(said)) from error
    return Coded(
        samples=samples,
        orientation=1,
        icc_profile=None,
        exif=exif_of_raw(data, name),
        xmp=None,
        saving=Saving(),
    )
