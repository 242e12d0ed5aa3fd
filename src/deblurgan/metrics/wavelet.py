"""The wavelet similarity that the official test script prints as SSIM."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deblurgan.metrics.pixels import Values, of_same_shape


def cw_ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """The similarity that DeblurGAN-v2's test script prints as SSIM; for comparison with its paper only.

    Grey pictures are laid out row by row as one signal and transformed with the Ricker wavelet at widths 1
    to 30; per sample, magnitudes and phases are compared and the mean taken:
    (2 sum |a||b| + k) / (sum a^2 + sum b^2 + k) times (2 |sum ab| + k) / (2 sum |ab| + k), k = 0.01. It looks
    along rows only and is far more lenient than SSIM.

    Args:
        picture: [H, W, 3].
        reference: the same shape.
        data_range: distance between black and white; values are rounded to 8 bits as the script does.

    Raises:
        ValueError: the shapes differ.
    """
    first, second = (_grey_signal(values, data_range) for values in of_same_shape(picture, reference))
    products, overlaps, energies = np.zeros((3, len(first)))
    for width in range(1, 31):
        one, other = ricker_transform(first, width), ricker_transform(second, width)
        product = one * other
        products += product
        overlaps += np.abs(product)
        energies += one**2 + other**2
    magnitudes = (2 * overlaps + 0.01) / (energies + 0.01)
    phases = (2 * np.abs(products) + 0.01) / (2 * overlaps + 0.01)
    return float((magnitudes * phases).mean())


def ricker_transform(signal: Values, width: int) -> Values:
    """Convolution of a signal [N] with the Ricker wavelet of one width in samples; [N]."""
    points = min(10 * width, len(signal))
    place = (np.arange(points) - (points - 1) / 2) / width
    wavelet = 2 / (math.sqrt(3 * width) * math.pi**0.25) * (1 - place**2) * np.exp(-(place**2) / 2)
    size = 1 << (len(signal) + points - 2).bit_length()
    whole = np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(wavelet, size), size)
    start = (points - 1) // 2
    return whole[start : start + len(signal)]


def _grey_signal(values: NDArray[np.generic], data_range: float) -> Values:
    """Pillow's 8-bit grey of a picture, row after row."""
    eight_bit = np.rint(values.astype(np.float64) / data_range * 255).astype(np.int64)
    grey = (eight_bit @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    return grey.astype(np.float64).ravel()
