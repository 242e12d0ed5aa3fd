"""A camera's noise, measured in the pictures it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblurgan.coded import Samples
from deblurgan.image import to_float

_PATCH = 16
_BINS = 12
_LEAST_PATCHES = 20
_FLATTEST = 0.1


@dataclass(frozen=True)
class Noise:
    """Noise whose variance grows with brightness: variance = read + shot * brightness.

    Both are for stored values in [0, 1].

    Attributes:
        read: variance in the dark.
        shot: variance added per unit of brightness; the Poisson part.
    """

    read: float
    shot: float

    def scaled(self, share: float) -> Noise:
        """The same noise with `share` times the variance."""
        return Noise(self.read * share, self.shot * share)


def measure_noise(frames: Sequence[Samples]) -> Noise:
    """Estimate the noise of single frames from their flattest patches.

    In blocks of 2x2 pixels, the difference of the two diagonals holds noise but no gradient and no upright or
    level edge. Its variance is taken per patch and colour; of the patches of like brightness the flattest tenth
    decides, corrected for having been chosen for it (the percentile method of Colom and Buades, IPOL 2013); a
    line is fitted through the brightnesses. Patches that touch black or white are passed over, for clipping
    hides noise. Noise that is coarser than pixels, as compressed video has it, is only seen in part.

    Args:
        frames: of one camera at one setting, uint8 or uint16 [H, W, 3] each.

    Returns:
        The noise; zero if no brightness has enough patches to tell.
    """
    measured = [_patches(to_float(frame)) for frame in frames]
    brightness = np.concatenate([found[0] for found in measured])
    variance = np.concatenate([found[1] for found in measured])
    places = np.minimum((brightness * _BINS).astype(np.int64), _BINS - 1)
    points = []
    for place in range(_BINS):
        inside = places == place
        if (count := int(inside.sum())) >= _LEAST_PATCHES:
            flat = float(np.quantile(variance[inside], _FLATTEST)) / _CHOSEN
            points.append((float(brightness[inside].mean()), flat, count))
    return _line(np.array(points, np.float64).reshape(-1, 3))


def _patches(values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Brightness and variance of noise of each patch in each colour that does not touch black or white."""
    height, width = (side // _PATCH * _PATCH for side in values.shape[:2])
    cut = values[:height, :width].astype(np.float64)
    diagonal = (cut[::2, ::2] - cut[::2, 1::2] - cut[1::2, ::2] + cut[1::2, 1::2]) / 2
    blocks, squares = _blocks(cut, _PATCH), _blocks(diagonal**2, _PATCH // 2)
    unclipped = (blocks.min(axis=(1, 3)) > 0) & (blocks.max(axis=(1, 3)) < 1)
    return blocks.mean(axis=(1, 3))[unclipped], squares.mean(axis=(1, 3))[unclipped]


def _blocks(values: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    height, width, colours = values.shape
    return values.reshape(height // side, side, width // side, side, colours)


def _chosen() -> float:
    """The value that the flattest tenth of patches stays below, where the true variance is 1."""
    samples = (_PATCH // 2) ** 2
    # Wilson and Hilferty's approximation of the chi-square distribution; -1.2816 is the tenth's normal quantile.
    spread = 2 / (9 * samples)
    return float((1 - spread - 1.2816 * np.sqrt(spread)) ** 3)


_CHOSEN = _chosen()


def _line(points: NDArray[np.float64]) -> Noise:
    """Fit a line through rows (brightness, variance, patches) that is nowhere negative in [0, 1]."""
    if len(points) == 0:
        return Noise(0.0, 0.0)
    brightness, variance, count = points.T
    # An estimate's error grows with its size; texture only ever adds to one, so large ones count less.
    weight = count / np.maximum(variance, 1e-9) ** 2
    read, shot = 0.0, 0.0
    if len(points) > 1:
        shot, read = np.polyfit(brightness, variance, 1, w=np.sqrt(weight))
    if len(points) == 1 or shot < 0:
        read, shot = float(np.average(variance, weights=weight)), 0.0
    elif read < 0:
        read, shot = 0.0, float(np.average(variance / brightness, weights=weight * brightness**2))
    return Noise(float(read), float(shot))
