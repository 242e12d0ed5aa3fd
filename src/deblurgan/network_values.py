"""From pixels to the planes of values that a network takes, and from what it gives to pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan import tiling
from deblurgan.in_threads import in_threads
from deblurgan.samples import as_float, row_bands, store, white_of

# What holds the sum of four samples.
_SUMS = {"uint8": np.uint16, "uint16": np.uint32}


def to_planes(
    pixels: NDArray[Any], tile: tiling.Tile, value_range: tuple[float, float], fill: float | None
) -> NDArray[np.float32]:
    """A window of a picture as a network takes it, [1, 3, h, w].

    Args:
        pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
        tile: the window; past the picture's edges it is filled.
        value_range: what stands for black and white.
        fill: in [0, 1]; None to mirror the picture.
    """
    low, high = value_range
    inside = tiling.inside(pixels, tile).transpose(2, 0, 1)
    values = np.empty(inside.shape, np.float32)
    for rows in row_bands(inside.shape[1]):
        band = values[:, rows]
        # Put in order while they may be whole numbers yet, which are shorter.
        as_float(np.ascontiguousarray(inside[:, rows]), out=band)
        band *= np.float32(high - low)
        band += np.float32(low)
    return tiling.pad(values, tile, fill if fill is None else low + fill * (high - low))[None]


def to_halved_planes(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], tile: tiling.Tile, value_range: tuple[float, float]
) -> NDArray[np.float32]:
    """A window of a picture at half its size as a network takes it, [3, h / 2, w / 2].

    Sums of whole numbers are exact and shorter than floats: a third of the time of halving what `to_planes` gives.

    Args:
        pixels: [H, W, 3].
        tile: the window, of even sides; past the picture's edges it is mirrored.
        value_range: what stands for black and white.
    """
    low, high = value_range
    scale = np.float32((high - low) / (4 * white_of(pixels.dtype)))
    window = tiling.pad(tiling.inside(pixels, tile).transpose(2, 0, 1), tile)
    pairs = np.add(window[:, 0::2], window[:, 1::2], dtype=_SUMS[pixels.dtype.name])
    planes = np.empty((3, window.shape[1] // 2, window.shape[2] // 2), np.float32)
    for plane, rows in zip(planes, pairs, strict=True):
        np.multiply(rows[:, 0::2] + rows[:, 1::2], scale, out=plane, dtype=np.float32)
        plane += np.float32(low)
    return planes


def to_pixels(
    values: NDArray[np.float32],
    result: NDArray[Any],
    value_range: tuple[float, float],
    *,
    blurred: NDArray[Any] | None,
    strength: float,
    truncate: bool,
    threads: int,
) -> bool:
    """Turn what a network gave into pixels, and say whether it was finite.

    Args:
        values: [h, w, 3]; are changed.
        result: [h, w, 3]; uint8, uint16 or float32; is filled.
        value_range: what stands for black and white; values beyond are clipped.
        blurred: the picture there, in the result's type; needed for a strength below 1.
        strength: 0 gives that picture back, 1 the network's whole effect.
        truncate: cut fractions of whole numbers off instead of rounding.
        threads: that work on it.
    """
    low, high = value_range
    white = white_of(result.dtype)

    def fill(rows: slice) -> bool:
        sharp = values[rows]
        sharp *= np.float32(white / (high - low))
        sharp -= np.float32(white * low / (high - low))
        if blurred is not None and strength < 1:
            sharp -= blurred[rows]
            sharp *= np.float32(strength)
            sharp += blurred[rows]
        is_finite = bool(np.isfinite(sharp.min()) and np.isfinite(sharp.max()))
        if result.dtype.kind == "f":
            np.clip(sharp, 0, 1, out=result[rows])
        else:
            # One channel at a time: networks give planes, and interleaving them in one go takes twice as long.
            for channel in range(3):
                store(sharp[..., channel], result[rows, :, channel], truncate=truncate)
        return is_finite

    # All of them: where one is not finite, the others are filled all the same.
    return all([*in_threads(fill, row_bands(len(values)), threads)])
