"""From the whole numbers of a file to floats in [0, 1] and back, never holding a large photo as floats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from deblurgan.coded import Samples

# Rows at a time: a whole float copy of a large photo would be the peak of the program's memory.
_BAND = 64


def to_float(array: Samples, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Turn uint8 or uint16 of any shape into float32 in [0, 1], in `out` if it is given.

    Raises:
        TypeError: the array holds something else.
    """
    if array.dtype not in (np.uint8, np.uint16):
        raise TypeError(f"expected uint8 or uint16, not {array.dtype}")
    return np.divide(array, np.float32(white_of(array.dtype)), out=out, dtype=np.float32)


@overload
def to_integer(array: NDArray[np.floating], bit_depth: Literal[8]) -> NDArray[np.uint8]: ...


@overload
def to_integer(array: NDArray[np.floating], bit_depth: Literal[8, 16]) -> Samples: ...


def to_integer(array: NDArray[np.floating], bit_depth: Literal[8, 16]) -> Samples:
    """Turn floats in [0, 1] into the nearest uint8 or uint16; halves go up, values outside are clipped."""
    result: Samples = np.empty(array.shape, _kind(bit_depth))
    white = np.float32(white_of(result.dtype))
    for rows in row_bands(len(array)):
        store(np.multiply(array[rows], white, dtype=np.float32), result[rows])
    return result


def store(values: NDArray[np.float32], result: Samples, *, truncate: bool = False) -> None:
    """Fill whole numbers with the nearest of values that are as large already; halves go up, others are clipped.

    Args:
        values: are changed.
        result: uint8 or uint16, in the same shape.
        truncate: cut fractions off instead.
    """
    if not truncate:
        values += np.float32(0.5)
    result[...] = np.clip(values, 0, white_of(result.dtype), out=values)


def white_of(kind: np.dtype[Any]) -> int:
    """The value that stands for white: the largest of whole numbers, 1 of floats."""
    return int(np.iinfo(kind).max) if kind.kind == "u" else 1


def as_float(array: NDArray[Any], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Return floats as float32 and whole numbers as float32 in [0, 1], in `out` if it is given."""
    if array.dtype.kind == "u":
        return to_float(array, out)
    if out is None:
        return np.asarray(array, np.float32)
    np.copyto(out, array)
    return out


def samples_of(
    pixels: NDArray[Any],
    alpha: NDArray[Any] | None,
    *,
    bit_depth: Literal[8, 16],
    is_gray: bool,
    on_white: bool = False,
) -> Samples:
    """Return what a file stores of a picture: [H, W, bands] in that depth.

    Args:
        pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
        alpha: [H, W] of such a kind, or None.
        bit_depth: of the result.
        is_gray: the mean of the three channels is stored, once.
        on_white: the picture is put on white by its alpha; otherwise alpha is the last band.
    """
    kind, colours = _kind(bit_depth), 1 if is_gray else 3
    if alpha is None and pixels.dtype == kind and not is_gray:
        return pixels
    has_alpha = alpha is not None and not on_white
    result: Samples = np.empty((*pixels.shape[:2], colours + has_alpha), kind)
    for rows in row_bands(len(pixels)):
        values = as_float(pixels[rows])
        if alpha is not None and on_white:
            cover = as_float(alpha[rows])[..., None]
            values = values * cover + (1 - cover)
        result[rows, :, :colours] = to_integer(
            values.mean(axis=2, keepdims=True) if is_gray else values, bit_depth
        )
        if alpha is not None and not on_white:
            result[rows, :, colours] = to_integer(as_float(alpha[rows]), bit_depth)
    return result


def _kind(bit_depth: Literal[8, 16]) -> np.dtype[Any]:
    return np.dtype(np.uint16 if bit_depth == 16 else np.uint8)


def row_bands(height: int) -> Iterator[slice]:
    """Rows of a picture, some at a time: what is worked on stays in the processor's cache."""
    for start in range(0, height, _BAND):
        yield slice(start, start + _BAND)
