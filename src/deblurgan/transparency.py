"""Keep the colours under full transparency, which nobody sees, from reaching those that are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.samples import as_float, row_bands, to_integer


def covered(pixels: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """A picture whose fully transparent pixels have the colours of what is seen nearby.

    Args:
        pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
        alpha: [H, W], of such a kind; 0 for what is not seen.

    Returns:
        the same array if all of it is seen, or nothing; else a new one of its kind.
    """
    seen = alpha > 0
    if seen.all() or not seen.any():
        return pixels
    height, width = seen.shape
    halves = np.zeros(((height + 1) // 2, (width + 1) // 2, 4), np.float32)
    for rows in row_bands(height):
        halves[rows.start // 2 : rows.stop // 2] = _halved(as_float(pixels[rows]), seen[rows])
    around, result = _spread(halves), pixels.copy()
    for rows in row_bands(height):
        hidden = ~seen[rows]
        colours = _doubled(around[rows.start // 2 : rows.stop // 2], hidden.shape)[hidden]
        result[rows][hidden] = (
            colours if pixels.dtype.kind == "f" else to_integer(colours, 8 if pixels.dtype == np.uint8 else 16)
        )
    return result


def _spread(halves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colours everywhere, [h, w, 3], from sums of what is seen and their counts, [h, w, 4]: pull, then push."""
    seen = halves[..., 3] > 0
    colours = np.divide(halves[..., :3], np.maximum(halves[..., 3:], 1), dtype=np.float32)
    if not seen.all():
        hidden = ~seen
        colours[hidden] = _doubled(_spread(_halved(colours, seen)), seen.shape)[hidden]
    return colours


def _halved(colours: NDArray[np.float32], seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Sums of the colours seen in each block of 2x2 pixels, and their counts, [(h + 1) // 2, (w + 1) // 2, 4]."""
    height, width = seen.shape
    counted = np.zeros((height + height % 2, width + width % 2, 4), np.float32)
    counted[:height, :width, :3] = colours * seen[..., None]
    counted[:height, :width, 3] = seen
    return counted.reshape(counted.shape[0] // 2, 2, counted.shape[1] // 2, 2, 4).sum(axis=(1, 3))


def _doubled(colours: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    return colours.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]
