"""Metrics of single pixels: PSNR, and the luma that others work on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

# Compared at a time: differences stay in the cache, and OpenBLAS keeps the product on this thread.
_SAMPLES = 1 << 13


def psnr(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Peak signal-to-noise ratio in dB, 10 log10(data_range^2 / MSE), the error taken over all channels.

    Args:
        picture: any shape.
        reference: the same shape.
        data_range: distance between black and white.

    Returns:
        infinity for equal pictures.

    Raises:
        ValueError: the shapes differ.
    """
    first, second = (values.reshape(-1) for values in of_same_shape(picture, reference))
    squares = 0.0
    for start in range(0, len(first), _SAMPLES):
        part = slice(start, start + _SAMPLES)
        difference = np.subtract(first[part], second[part], dtype=np.float64)
        squares += float(np.dot(difference, difference))
    error = squares / len(first)
    return math.inf if error == 0 else 10 * math.log10(data_range**2 / error)


def psnr_y(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """PSNR of the luma that `luma` gives; shapes [H, W, 3]."""
    return psnr(*lumas(picture, reference, data_range), data_range=data_range)


def luma(picture: ArrayLike, *, data_range: float) -> Values:
    """Luma of ITU-R BT.601 in studio range, 16 to 235 of 255, as MATLAB's rgb2ycbcr gives it.

    Args:
        picture: [H, W, 3].
        data_range: distance between black and white, of the result too.
    """
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.asarray(picture, np.float64) @ weights + 16 / 255 * data_range


def lumas(picture: ArrayLike, reference: ArrayLike, data_range: float) -> tuple[Values, Values]:
    """Luma of two pictures of one shape."""
    first, second = (luma(values, data_range=data_range) for values in of_same_shape(picture, reference))
    return first, second


def of_same_shape(picture: ArrayLike, reference: ArrayLike) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Both as arrays, in the type they come in.

    Raises:
        ValueError: the shapes differ.
    """
    first, second = np.asarray(picture), np.asarray(reference)
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in shape: {first.shape} and {second.shape}")
    return first, second
