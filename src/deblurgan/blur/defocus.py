"""Defocus: what lies out of focus is spread over a disc, and is meant to stay so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FINER = 4


def defocused(light: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Spread every point over a disc, the image of a round aperture.

    Args:
        light: float32 [H, W, 3], what adds up during exposure; mirrored at its edges.
        radius: of the disc in pixels; 0 leaves the picture alone.
    """
    if radius == 0:
        return light
    import cv2

    spread: NDArray[np.float32] = cv2.filter2D(light, -1, disc(radius), borderType=cv2.BORDER_REFLECT_101)
    return spread


def disc(radius: float) -> NDArray[np.float32]:
    """The kernel of a disc, float32 [side, side], side odd: each pixel's share of it; their sum is 1."""
    reach = int(np.ceil(radius))
    fine = (np.arange((2 * reach + 1) * _FINER) + 0.5) / _FINER - reach - 0.5
    covered = fine[:, None] ** 2 + fine**2 <= radius**2
    shares = covered.reshape(2 * reach + 1, _FINER, 2 * reach + 1, _FINER).sum(axis=(1, 3))
    return (shares / shares.sum()).astype(np.float32)
