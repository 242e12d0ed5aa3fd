"""Blur kernels: the time a moving point spends on each pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def kernel_spectrum(displacements: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.complex64]:
    """Fourier transform of the kernel that a path draws, ready to multiply a picture's `rfft2`.

    Args:
        displacements: the path in pixels, (down, right) per moment, [T, 2].
        size: (height, width) of the transform; the kernel's origin is at index (0, 0) and wraps around.

    Returns:
        complex64 [height, width // 2 + 1].
    """
    return np.fft.rfft2(rasterise(displacements, size).astype(np.float32)).astype(np.complex64)


def rasterise(displacements: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Draw a path as a kernel that sums to one, each moment spread over its four nearest pixels.

    Args:
        displacements: the path in pixels, [T, 2], straight between its moments.
        size: (height, width) of the result; negative displacements wrap to its far end.

    Returns:
        float64 [height, width], non-negative, sum 1.
    """
    height, width = size
    path = _densify(displacements)
    corner = np.floor(path).astype(np.int64)
    fraction = path - corner
    kernel = np.zeros(height * width)
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - down - fraction[:, 0]) * np.abs(1 - right - fraction[:, 1])
            index = ((corner[:, 0] + down) % height) * width + (corner[:, 1] + right) % width
            kernel += np.bincount(index, weights=weight, minlength=height * width)
    return kernel.reshape(height, width) / kernel.sum()


def _densify(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Insert moments so that neighbours are at most about a third of a pixel apart."""
    longest_step = float(np.abs(np.diff(path, axis=0)).max(initial=0.0))
    parts = max(1, int(np.ceil(3 * longest_step)))
    old = np.arange(len(path))
    new = np.linspace(0, len(path) - 1, (len(path) - 1) * parts + 1)
    return np.stack([np.interp(new, old, path[:, axis]) for axis in (0, 1)], axis=1)
