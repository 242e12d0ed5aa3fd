"""Sharpness of a picture that has no sharp counterpart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from deblurgan.metrics.pixels import Values

_WINDOW = 11


def sharpness(picture: ArrayLike, *, data_range: float) -> float:
    """1 minus the blur effect of Crété-Roffet et al. (2007): how much of the edges one more blur takes away.

    The luminance is blurred with a uniform window of 11 pixels along each axis; what the Sobel gradient
    along that axis loses, relative to what it was, is taken along the worse axis. As scikit-image's
    `1 - blur_effect`. Noise and ringing count as edges: a higher value is not by itself a better picture.

    Args:
        picture: [H, W, 3].
        data_range: distance between black and white.

    Returns:
        0 for the strongest blur or a flat picture, towards 1 for edges that a blur would take away.

    Raises:
        ValueError: a side is shorter than the window.
    """
    values = np.asarray(picture, np.float64) / data_range @ np.array([0.2125, 0.7154, 0.0721])
    if min(values.shape) < _WINDOW:
        raise ValueError(f"sharpness needs at least {_WINDOW} pixels along each side, got {values.shape}")
    return min(_kept_edges(values), _kept_edges(values.T))


def _kept_edges(values: Values) -> float:
    """Share of the gradient along the first axis that a blur along it takes away; 0 if there is none."""
    margin = _WINDOW // 2
    padded = np.pad(values, [(margin + 1, margin), (0, 0)], mode="symmetric")
    sums = np.cumsum(padded, axis=0)
    sums[0] = 0
    blurred = (sums[_WINDOW:] - sums[:-_WINDOW]) / _WINDOW
    before, after = (_edges(each)[1:, 1:] for each in (values, blurred))
    total = before.sum()
    return float(np.maximum(0, before - after).sum() / total) if total > 1e-12 * before.size else 0.0


def _edges(values: Values) -> Values:
    """Magnitude of the Sobel gradient along the first axis, where its window fits inside."""
    smooth = (values[:, :-2] + 2 * values[:, 1:-1] + values[:, 2:]) / 4
    return np.abs(smooth[2:] - smooth[:-2]) / 2
