"""Metrics after registration, for sets whose sharp pictures were taken from another place or moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deblurgan.extras import require
from deblurgan.metrics.pixels import Values, luma, of_same_shape
from deblurgan.metrics.structure import ssim_map

_ITERATIONS = 100
# A shift is found to this fraction of a pixel.
_FRACTION = 10


@dataclass(frozen=True)
class Aligned:
    """A picture brought onto its reference.

    Attributes:
        picture: [H, W, 3] in [0, 1], 0 where the original did not reach.
        reference: [H, W, 3] in [0, 1], 0 there too.
        mask: [H, W], 1 where both show something.
    """

    picture: Values
    reference: Values
    mask: Values


_latest: tuple[ArrayLike, ArrayLike, float, Aligned] | None = None


def aligned_psnr(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """PSNR after `by_homography`, as the authors of RealBlur (Rim et al., 2020) compute it.

    10 log10(1 / MSE), the squared error divided by the samples both show.

    Args:
        picture: [H, W, 3].
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ, or the pictures cannot be registered.
        MissingExtra: OpenCV is not installed.
    """
    return _masked_psnr(by_homography(picture, reference, data_range=data_range))


def aligned_ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """SSIM with the Gaussian window after `by_homography`, averaged over what both pictures show.

    Arguments and errors as for `aligned_psnr`.
    """
    return _masked_ssim(by_homography(picture, reference, data_range=data_range))


def shifted_psnr(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """PSNR after `by_shift`, as Köhler et al. (2012) compute it for each frame of the camera's path.

    Args:
        picture: [H, W, 3].
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ.
    """
    return _masked_psnr(by_shift(picture, reference, data_range=data_range))


def shifted_ssim_y(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """SSIM of the luma with the Gaussian window after `by_shift`. Arguments and errors as for `shifted_psnr`."""
    return _masked_ssim(by_shift(picture, reference, data_range=data_range), _luma_alone)


def by_homography(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> Aligned:
    """`align_by_homography`, done once for metrics that ask for the same two pictures one after the other."""
    global _latest
    latest = _latest
    if latest and latest[0] is picture and latest[1] is reference and latest[2] == data_range:
        return latest[3]
    found = align_by_homography(picture, reference, data_range=data_range)
    _latest = (picture, reference, data_range, found)
    return found


def align_by_homography(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> Aligned:
    """Scale the picture's intensity to the reference's and warp it there by a homography.

    The homography maximises the enhanced correlation coefficient (Evangelidis and Psarakis, 2008) in 100
    iterations on grey pictures smoothed over 5 pixels; the warp is bicubic.

    Raises:
        ValueError: the shapes differ, or the iterations find no overlap.
        MissingExtra: OpenCV is not installed.
    """
    require("evaluate", "Alignment by a homography")
    import cv2

    moved, fixed = _matched(picture, reference, data_range)
    # OpenCV types its arrays more narrowly than it takes them.
    vision: Any = cv2
    first, second = (vision.cvtColor(values.astype(np.float32), cv2.COLOR_RGB2GRAY) for values in (fixed, moved))
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, 0)
    start = np.eye(3, dtype=np.float32)
    try:
        _, warp = vision.findTransformECC(first, second, start, cv2.MOTION_HOMOGRAPHY, stop, None, 5)
    except cv2.error as error:
        raise ValueError("the picture cannot be registered with the sharp one") from error
    size = (fixed.shape[1], fixed.shape[0])
    # Not of doubles, which OpenCV 5.0 takes from outside the picture at its edges, on processors without AVX-512.
    warped = vision.warpPerspective(
        moved.astype(np.float32),
        warp,
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    mask = vision.warpPerspective(
        np.ones(fixed.shape[:2]), warp, size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    return _under_mask(warped, fixed, mask)


def by_shift(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> Aligned:
    """Scale the picture's intensity to the reference's and shift it there, to a tenth of a pixel.

    The shift maximises the cross-correlation of the luma, refined by a matrix product of the Fourier transform
    around its peak (Guizar-Sicairos et al., 2008).

    Raises:
        ValueError: the shapes differ.
    """
    moved, fixed = _matched(picture, reference, data_range)
    rows, columns = found_shift(luma(moved, data_range=1), luma(fixed, data_range=1))
    height, width = fixed.shape[:2]
    turn = np.fft.fftfreq(height)[:, None] * rows + np.fft.rfftfreq(width)[None] * columns
    spectrum = np.fft.rfft2(moved, axes=(0, 1)) * np.exp(-2j * math.pi * turn)[:, :, None]
    shifted = np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1))
    mask = np.zeros((height, width))
    inside = tuple(
        slice(max(0, math.ceil(shift)), size + min(0, math.floor(shift)))
        for shift, size in ((rows, height), (columns, width))
    )
    mask[inside] = 1
    return _under_mask(shifted, fixed, mask)


def found_shift(picture: Values, reference: Values) -> tuple[float, float]:
    """(Rows, columns) by which `picture` [H, W] must move to lie on `reference`, in tenths of a pixel."""
    product = np.fft.fft2(reference) * np.fft.fft2(picture).conj()
    height, width = picture.shape
    peak = np.unravel_index(np.argmax(np.fft.ifft2(product).real), picture.shape)
    whole = [int(place) - size * (int(place) > size // 2) for place, size in zip(peak, picture.shape, strict=True)]
    steps = np.arange(-1.5 * _FRACTION, 1.5 * _FRACTION + 1) / _FRACTION
    down, right = ((whole[axis] + steps) for axis in (0, 1))
    rows = np.exp(2j * math.pi * np.outer(down, np.fft.fftfreq(height)))
    columns = np.exp(2j * math.pi * np.outer(np.fft.fftfreq(width), right))
    fine = (rows @ product @ columns).real
    row, column = np.unravel_index(np.argmax(fine), fine.shape)
    return float(round(down[row], 1)), float(round(right[column], 1))


def _matched(picture: ArrayLike, reference: ArrayLike, data_range: float) -> tuple[Values, Values]:
    """Both in [0, 1]; the picture multiplied by the factor that brings it nearest to the reference."""
    first, second = (np.asarray(values, np.float64) / data_range for values in of_same_shape(picture, reference))
    energy = float(np.vdot(first, first))
    return first * (float(np.vdot(second, first)) / energy if energy else 1.0), second


def _under_mask(picture: Values, reference: Values, mask: Values) -> Aligned:
    if not mask.any():
        raise ValueError("the picture and the sharp one show nothing in common")
    return Aligned(picture * mask[:, :, None], reference * mask[:, :, None], mask)


def _masked_psnr(pair: Aligned) -> float:
    error = float(np.sum((pair.picture - pair.reference) ** 2)) / (3 * float(pair.mask.sum()))
    return math.inf if error == 0 else 10 * math.log10(1 / error)


def _luma_alone(picture: Values) -> NDArray[np.generic]:
    return luma(picture, data_range=1)[:, :, None]


def _masked_ssim(pair: Aligned, channels: Callable[[Values], NDArray[np.generic]] = np.asarray) -> float:
    """Mean over the mask of the SSIM map of both pictures, as `channels` of them."""
    similarity = ssim_map(channels(pair.picture), channels(pair.reference), data_range=1)
    inside = pair.mask[5:-5, 5:-5, None]
    if not inside.any():
        raise ValueError("the picture and the sharp one show nothing in common")
    return float((similarity * inside).sum(axis=(0, 1)).mean() / inside.sum())
