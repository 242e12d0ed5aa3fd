"""Full-reference quality metrics: functions of two pictures and an explicit data range; one table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


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


def psnr_y(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """PSNR of the luma that `luma` gives; shapes [H, W, 3]."""
    return psnr(*_lumas(picture, reference, data_range), data_range=data_range)


def ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity (Wang et al., 2004): Gaussian window 11x11 of sigma 1.5, K1 0.01, K2 0.03.

    Per channel, averaged, over the pixels whose window lies inside the picture; population covariance. As
    scikit-image with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False`.

    Args:
        picture: [H, W] or [H, W, C], at least 11 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
    """
    return _ssim(picture, reference, data_range, _GAUSSIAN)


def ssim_uniform(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity with a uniform window of 7x7 and sample covariance: scikit-image's default.

    The official DeblurGAN-v2 reports this one during training. At least 7 pixels along each side.
    """
    return _ssim(picture, reference, data_range, np.full(7, 1 / 7), covariance_factor=49 / 48)


def ssim_y(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity of the luma with the Gaussian window, as MATLAB scripts of the field compute it."""
    return _ssim(*_lumas(picture, reference, data_range), data_range, _GAUSSIAN)


def cw_ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """The similarity that DeblurGAN-v2's test script prints as SSIM; for comparison with its paper only.

    Grey pictures are laid out row by row as one signal and transformed with the Ricker wavelet at widths 1
    to 30; per sample, magnitudes and phases are compared and the mean taken. It looks along rows only and is
    far more lenient than SSIM.

    Args:
        picture: [H, W, 3].
        reference: the same shape.
        data_range: distance between black and white; values are rounded to 8 bits as the script does.
    """
    first, second = (_grey_signal(values, data_range) for values in _same_shape(picture, reference))
    products, overlaps, energies = np.zeros((3, len(first)))
    for width in range(1, 31):
        one, other = _ricker_transform(first, width), _ricker_transform(second, width)
        product = one * other
        products += product
        overlaps += np.abs(product)
        energies += one**2 + other**2
    magnitudes = (2 * overlaps + 0.01) / (energies + 0.01)
    phases = (2 * np.abs(products) + 0.01) / (2 * overlaps + 0.01)
    return float((magnitudes * phases).mean())


def gradient_similarity(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Mean similarity of Prewitt gradient magnitudes of the luma (the GMS map of Xue et al., 2014, averaged).

    (2 g h + c) / (g^2 + h^2 + c) with c = 170 for a data range of 255; 1 for equal pictures.
    """
    first, second = (_gradient(values) for values in _lumas(picture, reference, data_range))
    constant = 170 * (data_range / 255) ** 2
    return float(((2 * first * second + constant) / (first**2 + second**2 + constant)).mean())


METRICS: dict[str, Metric] = {
    "psnr": Metric(psnr, True, 2, "RGB, 8-bit rounded, mean over pictures, dB"),
    "ssim": Metric(ssim, True, 4, "RGB mean, Gaussian 11x11 sigma 1.5, 8-bit rounded"),
    "psnr_y": Metric(psnr_y, True, 2, "luma of ITU-R BT.601 in studio range, dB"),
    "ssim_y": Metric(ssim_y, True, 4, "luma, Gaussian 11x11 sigma 1.5 (MATLAB-like)"),
    "ssim_uniform": Metric(ssim_uniform, True, 4, "RGB mean, uniform 7x7, sample covariance"),
    "cw_ssim": Metric(cw_ssim, True, 4, "row-wise wavelet similarity of the official test script"),
    "gradient": Metric(gradient_similarity, True, 4, "Prewitt gradient magnitudes of the luma"),
}
DEFAULT_METRICS = ("psnr", "ssim")


def luma(picture: ArrayLike, *, data_range: float) -> Values:
    """Luma of ITU-R BT.601 in studio range, 16 to 235 of 255, as MATLAB's rgb2ycbcr gives it.

    Args:
        picture: [H, W, 3].
        data_range: distance between black and white, of the result too.
    """
    weights = np.array([65.481, 128.553, 24.966]) / 255
    return np.asarray(picture, np.float64) @ weights + 16 / 255 * data_range


def _gaussian_window(radius: int, sigma: float) -> Values:
    window = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return window / window.sum()


_GAUSSIAN = _gaussian_window(5, 1.5)


def _ssim(
    picture: ArrayLike, reference: ArrayLike, data_range: float, window: Values, covariance_factor: float = 1.0
) -> float:
    first, second = _same_shape(picture, reference)
    if min(first.shape[:2]) < len(window):
        raise ValueError(f"SSIM needs at least {len(window)} pixels along each side, got {first.shape[:2]}")
    mean_first, mean_second = _smooth(first, window), _smooth(second, window)
    variances = _smooth(first**2, window) - mean_first**2 + _smooth(second**2, window) - mean_second**2
    covariance = _smooth(first * second, window) - mean_first * mean_second
    luminance, contrast = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    similarity = (2 * mean_first * mean_second + luminance) / (mean_first**2 + mean_second**2 + luminance)
    similarity *= (2 * covariance_factor * covariance + contrast) / (covariance_factor * variances + contrast)
    return float(similarity.mean())


def _same_shape(picture: ArrayLike, reference: ArrayLike) -> tuple[Values, Values]:
    first, second = np.asarray(picture, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"the pictures differ in shape: {first.shape} and {second.shape}")
    return first, second


def _lumas(picture: ArrayLike, reference: ArrayLike, data_range: float) -> tuple[Values, Values]:
    first, second = (luma(values, data_range=data_range) for values in _same_shape(picture, reference))
    return first, second


def _smooth(values: Values, window: Values) -> Values:
    """Weighted mean under a separable window, where it fits inside."""
    for axis in (0, 1):
        kept = values.shape[axis] - len(window) + 1
        total = np.zeros([kept if index == axis else size for index, size in enumerate(values.shape)])
        for start, weight in enumerate(window):
            total += weight * np.take(values, range(start, start + kept), axis)
        values = total
    return values


def _gradient(values: Values) -> Values:
    """Magnitude of the Prewitt gradient, where its 3x3 window fits inside."""
    columns = (values[:-2] + values[1:-1] + values[2:]) / 3
    rows = (values[:, :-2] + values[:, 1:-1] + values[:, 2:]) / 3
    return np.hypot(columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2])


def _grey_signal(values: Values, data_range: float) -> Values:
    """Pillow's 8-bit grey of a picture, row after row."""
    eight_bit = np.rint(values / data_range * 255).astype(np.int64)
    grey = (eight_bit @ np.array([19595, 38470, 7471]) + 0x8000) >> 16
    return grey.astype(np.float64).ravel()


def _ricker_transform(signal: Values, width: int) -> Values:
    """Convolution with the Ricker wavelet of one width, of the signal's length."""
    points = min(10 * width, len(signal))
    place = (np.arange(points) - (points - 1) / 2) / width
    wavelet = 2 / (math.sqrt(3 * width) * math.pi**0.25) * (1 - place**2) * np.exp(-(place**2) / 2)
    size = 1 << (len(signal) + points - 2).bit_length()
    whole = np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(wavelet, size), size)
    start = (points - 1) // 2
    return whole[start : start + len(signal)]
