"""From pixels to the planes of values that a network takes, and from what it gives to pixels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deblurgan import tiling
from deblurgan.in_threads import in_threads
from deblurgan.samples import as_float, row_bands, to_integer


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
    low, high = map(np.float32, value_range)
    # Copied while they may be whole numbers yet: plane by plane, and so that floats are not changed in place.
    values = as_float(np.array(tiling.inside(pixels, tile).transpose(2, 0, 1), order="C"))
    values *= high - low
    values += low
    return tiling.pad(values, tile, fill if fill is None else float(low + fill * (high - low)))[None]


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
    low, high = map(np.float32, value_range)

    def fill(rows: slice) -> bool:
        sharp = values[rows]
        sharp -= low
        sharp *= 1 / (high - low)
        if blurred is not None and strength < 1:
            origin = as_float(blurred[rows])
            sharp = origin + np.float32(strength) * (sharp - origin)
        finite = bool(np.isfinite(sharp).all())
        if result.dtype.kind == "f":
            np.clip(sharp, 0, 1, out=result[rows])
        else:
            result[rows] = _as_integers(sharp, result.dtype, truncate)
        return finite

    # All of them: where one is not finite, the others are filled all the same.
    return all([*in_threads(fill, row_bands(len(values)), threads)])


def _as_integers(values: NDArray[np.float32], dtype: np.dtype[Any], truncate: bool) -> NDArray[Any]:
    bit_depth: Literal[8, 16] = 8 if dtype == np.uint8 else 16
    half_a_level = 0.5 / (2**bit_depth - 1)
    return to_integer(values - np.float32(half_a_level) if truncate else values, bit_depth)
