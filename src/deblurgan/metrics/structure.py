"""Structural similarity in the definitions met in print, at one scale or five."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deblurgan.metrics.pixels import Values, lumas, of_same_shape

Floats = NDArray[np.floating]

# Rows and columns compared at a time, so that all intermediate results stay in the processor's cache, and the
# columns that one product with a band matrix makes: more would multiply mostly zeros, fewer would cost calls.
_ROWS, _COLUMNS, _BAND = 32, 320, 16
# Below this many multiplications OpenBLAS keeps a product on the thread that asks for it; the other threads are
# the network's, and waiting for them costs far more than it brings.
_PRODUCT = 240_000

# Pictures of fewer pixels are compared in double precision: it costs nothing there, and the mean over a small
# picture hides less of the rounding.
_LARGE = 512 * 512

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@dataclass(frozen=True)
class Similarity:
    """Means over a picture, per channel.

    Attributes:
        whole: of luminance, contrast and structure together.
        structure: of contrast and structure alone.
    """

    whole: Values
    structure: Values


@dataclass(frozen=True)
class _Tile:
    """Similarity over a part of a picture, valid until the next tile is asked for.

    Attributes:
        rows, columns: where it belongs.
        whole, structure: as in `Similarity`, [columns, channels, rows].
    """

    rows: slice
    columns: slice
    whole: Floats
    structure: Floats


def ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity (Wang et al., 2004): Gaussian window 11x11 of sigma 1.5, K1 0.01, K2 0.03.

    (2 m n + c1) (2 cov + c2) / ((m^2 + n^2 + c1) (var + var' + c2)), per channel, averaged, over the pixels
    whose window lies inside the picture; population covariance. As scikit-image with `gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False`, to about 1e-7.

    Args:
        picture: [H, W] or [H, W, C], at least 11 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
    """
    return float(_similarity(picture, reference, data_range, _GAUSSIAN).whole.mean())


def ssim_uniform(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity with a uniform window of 7x7 and sample covariance: scikit-image's default.

    The official DeblurGAN-v2 reports this one during training. At least 7 pixels along each side.
    """
    compared = _similarity(picture, reference, data_range, _UNIFORM, covariance_factor=49 / 48)
    return float(compared.whole.mean())


def ssim_y(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Structural similarity of the luma with the Gaussian window, as MATLAB scripts of the field compute it."""
    return ssim(*lumas(picture, reference, data_range), data_range=data_range)


def ms_ssim(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Multi-scale structural similarity (Wang, Simoncelli and Bovik, 2003) with the Gaussian window of `ssim`.

    Contrast and structure at five scales, each half the size of the one before by 2x2 means, and luminance at
    the last; powers 0.0448, 0.2856, 0.3001, 0.2363, 0.1333. Per channel, averaged; negative similarities
    count as 0.

    Args:
        picture: [H, W] or [H, W, C], at least 176 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
    """
    first, second = of_same_shape(picture, reference)
    least = 11 * 2 ** (len(_SCALE_WEIGHTS) - 1)
    if min(first.shape[:2]) < least:
        raise ValueError(f"multi-scale SSIM needs at least {least} pixels along each side, got {first.shape[:2]}")
    similarity: Values = np.ones(1)
    for index, weight in enumerate(_SCALE_WEIGHTS):
        if index:
            first, second = _halved(first), _halved(second)
        compared = _similarity(first, second, data_range, _GAUSSIAN)
        last = index == len(_SCALE_WEIGHTS) - 1
        similarity = similarity * np.maximum(compared.whole if last else compared.structure, 0) ** weight
    return float(similarity.mean())


def ssim_map(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> Values:
    """`ssim` at every pixel whose window lies inside: [H, W, C] to [H - 10, W - 10, C]."""
    height, width, channels = _with_channels(np.asarray(picture)).shape
    whole: Values = np.empty((height - 10, width - 10, channels))
    for tile in _tiles(picture, reference, data_range, _GAUSSIAN, 1.0):
        whole[tile.rows, tile.columns] = tile.whole.transpose(2, 0, 1)
    return whole


def _gaussian_window(radius: int, sigma: float) -> Values:
    window = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return window / window.sum()


_GAUSSIAN = _gaussian_window(5, 1.5)
_UNIFORM = np.full(7, 1 / 7)


def _similarity(
    picture: ArrayLike, reference: ArrayLike, data_range: float, window: Values, covariance_factor: float = 1.0
) -> Similarity:
    height, width, channels = _with_channels(np.asarray(picture)).shape
    whole, structure = np.zeros((2, channels))
    for tile in _tiles(picture, reference, data_range, window, covariance_factor):
        whole += _sums(tile.whole)
        structure += _sums(tile.structure)
    count = (height - len(window) + 1) * (width - len(window) + 1)
    return Similarity(whole / count, structure / count)


def _sums(values: Floats) -> Values:
    """Sums per channel, [columns, channels, rows] to [channels]; rows, which are short, in their own precision."""
    lines: Floats = values @ np.ones(values.shape[2], values.dtype)
    return lines.sum(axis=0, dtype=np.float64)


def _tiles(
    picture: ArrayLike, reference: ArrayLike, data_range: float, window: Values, covariance_factor: float
) -> Iterator[_Tile]:
    """Similarity tile by tile.

    In single precision where the picture is large, which is why means of squares are never compared with
    squares of means as they are: each picture's tile is centred first, and the sum of the variances is taken
    as twice the covariance plus the variance of the difference.
    """
    first, second = (_with_channels(values) for values in of_same_shape(picture, reference))
    height, width, channels = first.shape
    more = len(window) - 1
    if min(height, width) <= more:
        raise ValueError(f"SSIM needs at least {more + 1} pixels along each side, got {(height, width)}")
    number = np.float32 if height * width >= _LARGE else np.float64
    luminance, contrast = number((0.01 * data_range) ** 2), number((0.03 * data_range) ** 2)
    factor = number(covariance_factor)
    room = np.empty((3, 4 * (_ROWS + more) * (_COLUMNS + more) * channels), number)
    for top, left in product(range(0, height - more, _ROWS), range(0, width - more, _COLUMNS)):
        cut = slice(top, top + _ROWS + more), slice(left, left + _COLUMNS + more)
        # Columns first, so that both directions of the window are products of long rows.
        one, other = (values[cut].transpose(1, 2, 0) for values in (first, second))
        centre, other_centre = (
            number(np.rint(values[::8, :, ::4].mean() * 255 / data_range) * data_range / 255)
            for values in (one, other)
        )
        maps = _within(room[0], (4, *one.shape))
        np.subtract(one, centre, out=maps[0], casting="same_kind")
        np.subtract(other, other_centre, out=maps[1], casting="same_kind")
        np.multiply(maps[0], maps[1], out=maps[2])
        np.subtract(maps[0], maps[1], out=maps[3])
        np.multiply(maps[3], maps[3], out=maps[3])
        mean, other_mean, structure, difference = _smooth(maps, window, room[1:])
        # Twice the covariance, then both halves of the fraction, in place.
        structure -= mean * other_mean
        structure *= 2 * factor
        structure += contrast
        difference -= (mean - other_mean) ** 2
        difference *= factor
        difference += structure
        structure /= difference
        mean += centre
        other_mean += other_centre
        gap = (mean - other_mean) ** 2
        mean *= other_mean
        mean *= 2
        mean += luminance
        gap += mean
        mean /= gap
        mean *= structure
        columns, _, rows = mean.shape
        yield _Tile(slice(top, top + rows), slice(left, left + columns), mean, structure)


def _smooth(maps: Floats, window: Values, room: Floats) -> Floats:
    """Weighted means of maps [N, columns, channels, rows] under a separable window, where it fits inside.

    Args:
        maps: to smooth.
        window: weights.
        room: two rows, each with space for as many numbers as `maps` has.
    """
    count, columns, channels, rows = maps.shape
    more = len(window) - 1
    across = _within(room[0], (count, columns - more, channels * rows))
    flat = maps.reshape(count, columns, channels * rows)
    for start in range(0, columns - more, _BAND):
        taken = min(_BAND, columns - more - start)
        np.matmul(
            _band(window, taken, room.dtype),
            flat[:, start : start + taken + more],
            out=across[:, start : start + taken],
        )
    lines = across.reshape(-1, rows)
    down = _within(room[1], (len(lines), rows - more))
    band = np.ascontiguousarray(_band(window, rows - more, room.dtype).T)
    step = max(1, _PRODUCT // band.size)
    for start in range(0, len(lines), step):
        np.matmul(lines[start : start + step], band, out=down[start : start + step])
    return down.reshape(count, columns - more, channels, rows - more)


def _within(room: Floats, shape: tuple[int, ...]) -> Floats:
    """An array at the start of memory that is there already: fresh memory costs more than what is done in it."""
    return room[: math.prod(shape)].reshape(shape)


def _band(window: Values, count: int, number: np.dtype[np.floating]) -> Floats:
    """The matrix whose product gives `count` weighted means of neighbouring samples."""
    return _band_of(tuple(window.tolist()), count, number)


@lru_cache(maxsize=256)
def _band_of(weights: tuple[float, ...], count: int, number: np.dtype[np.floating]) -> Floats:
    rounded = np.array(weights, number)
    # The weights must sum to one in single precision too, or bright flat areas would seem to vary.
    rounded[len(weights) // 2] += 1 - rounded.sum(dtype=np.float64)
    band = np.zeros((count, count + len(weights) - 1), number)
    for row in range(count):
        band[row, row : row + len(weights)] = rounded
    return band


def _with_channels(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return values[:, :, None] if values.ndim == 2 else values


def _halved(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Means of 2x2 pixels; a last odd row or column is left out."""
    height, width = values.shape[0] // 2 * 2, values.shape[1] // 2 * 2
    even = values[:height, :width].astype(np.float64)
    rows = even[::2] + even[1::2]
    return (rows[:, ::2] + rows[:, 1::2]) / 4
