"""Apply a camera motion to a picture: blur that changes smoothly from place to place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.kernel import kernel_spectrum
from deblurgan.blur.trajectory import Trajectory

_PIXELS_BETWEEN_KERNELS = 2.5
_MOST_KERNELS_PER_AXIS = 4


def blur_with(picture: NDArray[np.float32], trajectory: Trajectory, margin: int) -> NDArray[np.float32]:
    """Average of the picture along the trajectory.

    The kernel is computed at a grid of points and interpolated bilinearly between them (the "efficient
    filter flow" of Hirsch et al., CVPR 2010); the grid is as fine as the motion's variation asks.

    Args:
        picture: float32 [H + 2 * margin, W + 2 * margin, C], in the space where light adds up.
        trajectory: the motion, in coordinates of the whole picture.
        margin: pixels around the result that only lend light to it; the blur must not reach further.

    Returns:
        float32 [H, W, C].
    """
    height, width = picture.shape[:2]
    inner = (height - 2 * margin, width - 2 * margin)
    grid = _kernels_per_axis(trajectory, margin, inner)
    rows, columns = _tents(grid, inner[0]), _tents(grid, inner[1])
    spectrum = np.fft.rfft2(np.ascontiguousarray(picture.transpose(2, 0, 1)))
    blurred = np.zeros((picture.shape[2], *inner), np.float32)
    for row in range(grid):
        for column in range(grid):
            point = _control_point(row, column, grid, margin, inner)
            kernel = kernel_spectrum(trajectory.displacements(point), (height, width))
            whole = np.fft.irfft2(spectrum * kernel, s=(height, width))
            inside = whole[:, margin : margin + inner[0], margin : margin + inner[1]]
            blurred += inside * (rows[row][:, None] * columns[column][None, :])
    return blurred.transpose(1, 2, 0)


def corners(margin: int, inner: tuple[int, int]) -> list[tuple[float, float]]:
    """The four corners of the inner region, (row, column) in coordinates of the whole picture."""
    return [_control_point(row, column, 2, margin, inner) for row in (0, 1) for column in (0, 1)]


def _control_point(row: int, column: int, grid: int, margin: int, inner: tuple[int, int]) -> tuple[float, float]:
    if grid == 1:
        return margin + (inner[0] - 1) / 2, margin + (inner[1] - 1) / 2
    return margin + row * (inner[0] - 1) / (grid - 1), margin + column * (inner[1] - 1) / (grid - 1)


def _kernels_per_axis(trajectory: Trajectory, margin: int, inner: tuple[int, int]) -> int:
    paths = np.stack([trajectory.displacements(corner) for corner in corners(margin, inner)])
    variation = float(np.ptp(paths, axis=0).max())
    return int(np.clip(1 + round(variation / _PIXELS_BETWEEN_KERNELS), 1, _MOST_KERNELS_PER_AXIS))


def _tents(count: int, length: int) -> list[NDArray[np.float32]]:
    """Weights of linear interpolation between `count` evenly spaced points; they sum to one everywhere."""
    if count == 1:
        return [np.ones(length, np.float32)]
    position = np.linspace(0, count - 1, length)
    return [np.maximum(0, 1 - np.abs(position - index)).astype(np.float32) for index in range(count)]
