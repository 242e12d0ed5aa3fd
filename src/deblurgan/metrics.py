"""Full-reference quality metrics: functions of two pictures and an explicit data range; one table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SSIM_RADIUS = 5
_SSIM_SIGMA = 1.5
_SSIM_K1, _SSIM_K2 = 0.01, 0.03


@dataclass(frozen=True)
class Metric:
    """A metric and how to read it.

    Attributes:
        function: of (picture, reference) and the keyword `data_range`.
        higher_is_better: direction.
        digits: after the decimal point, when shown.
        definition: in words, since names alone have meant different things in print.
    """

    function: Callable[..., float]
    higher_is_better: bool
    digits: int
    definition: str


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
    first, second = _same_shape(picture, reference)
    error = float(np.mean((first - second) ** 2))
    return math.inf if error == 0 else 10 * math.log10(data_range**2 / error)


def ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity (Wang et al., 2004), Gaussian window 11x11 of sigma 1.5, K1 0.01, K2 0.03.

    Computed per channel and averaged, over the pixels whose window lies inside the picture; population
    covariance. The same as scikit-image with `gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False`.

    Args:
        picture: [H, W] or [H, W, C], at least 11 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
    """
    first, second = _same_shape(picture, reference)
    if min(first.shape[:2]) <= 2 * _SSIM_RADIUS:
        raise ValueError(f"SSIM needs at least 11 pixels along each side, got {first.shape[:2]}")
    mean_first, mean_second = _smooth(first), _smooth(second)
    variances = _smooth(first**2) - mean_first**2 + _smooth(second**2) - mean_second**2
    covariance = _smooth(first * second) - mean_first * mean_second
    luminance, contrast = (_SSIM_K1 * data_range) ** 2, (_SSIM_K2 * data_range) ** 2
    similarity = ((2 * mean_first * mean_second + luminance) * (2 * covariance + contrast)) / (
        (mean_first**2 + mean_second**2 + luminance) * (variances + contrast)
    )
    return float(similarity.mean())


METRICS: dict[str, Metric] = {
    "psnr": Metric(psnr, True, 2, "RGB, 8-bit rounded, mean over pictures, dB"),
    "ssim": Metric(ssim, True, 4, "RGB mean, Gaussian 11x11 sigma 1.5, 8-bit rounded"),
}


def _same_shape(picture: ArrayLike, reference: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(picture, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in shape: {first.shape} and {second.shape}")
    return first, second


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted mean under the SSIM window, where it fits inside."""
    offsets = np.arange(-_SSIM_RADIUS, _SSIM_RADIUS + 1)
    window = np.exp(-0.5 * (offsets / _SSIM_SIGMA) ** 2)
    window /= window.sum()
    for axis in (0, 1):
        kept = values.shape[axis] - 2 * _SSIM_RADIUS
        shifted = (np.take(values, range(start, start + kept), axis) for start in range(len(window)))
        values = sum(
            (weight * part for weight, part in zip(window, shifted, strict=True)),
            start=np.zeros(1),
        )
    return values
