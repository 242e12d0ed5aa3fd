"""Similarity of gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from deblurgan.metrics.pixels import Values, lumas


def gradient_similarity(picture: ArrayLike, reference: ArrayLike, *, data_range: float) -> float:
    """Mean similarity of Prewitt gradient magnitudes of the luma (the GMS map of Xue et al., 2014, averaged).

    (2 g h + c) / (g^2 + h^2 + c) with c = 170 for a data range of 255; 1 for equal pictures.

    Args:
        picture: [H, W, 3], at least 3 pixels along each side.
        reference: the same shape.
        data_range: distance between black and white.

    Raises:
        ValueError: the shapes differ or are too small.
    """
    first, second = (_gradient(values) for values in lumas(picture, reference, data_range))
    if first.size == 0:
        raise ValueError(f"the gradient needs at least 3 pixels along each side, got {np.shape(picture)[:2]}")
    constant = 170 * (data_range / 255) ** 2
    return float(((2 * first * second + constant) / (first**2 + second**2 + constant)).mean())


def _gradient(values: Values) -> Values:
    """Magnitude of the Prewitt gradient, where its 3x3 window fits inside."""
    columns = (values[:-2] + values[1:-1] + values[2:]) / 3
    rows = (values[:, :-2] + values[:, 1:-1] + values[:, 2:]) / 3
    return np.hypot(columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2])
