"""Restore the 8-bit pixels of a picture tile by tile, with an engine that takes them as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deblurgan import tiling
from deblurgan.engines import ALL_PASSES, TakingPixels
from deblurgan.passes import Change
from deblurgan.tiling import Tile


def restored(
    engine: TakingPixels,
    pixels: NDArray[np.uint8],
    tiles: Sequence[Tile],
    number: int = ALL_PASSES,
    coarse: Change | None = None,
) -> tuple[NDArray[np.uint8], bool]:
    """Run a network, or its last pass, over tiles of equal size that do not fade into each other.

    Args:
        engine: with the network.
        pixels: [H, W, 3].
        tiles: of it; past its edges they see it mirrored.
        number: of the last pass, or `ALL_PASSES`.
        coarse: what the pass before the last found.

    Returns:
        the result, [H, W, 3], and whether the network gave nothing but finite values.
    """
    size = pixels.shape[0], pixels.shape[1]
    # In the order of its rows, as engines fill it; a picture that was turned upright is in another.
    result = np.empty((*size, 3), np.uint8)
    height, width = tiles[0].size
    # A single tile is the result.
    made = result if size == (height, width) else np.empty((height, width, 3), np.uint8)
    beneath = None if coarse is None else np.zeros((1, 3, height // 2, width // 2), np.float16)
    finite = []

    def restored_tile(tile: Tile) -> NDArray[np.uint8]:
        if beneath is not None and coarse is not None:
            beneath[0] = coarse[:, tile.top // 2 :, tile.left // 2 :][:, : height // 2, : width // 2]
        planes = tiling.pad(tiling.inside(pixels, tile).transpose(2, 0, 1), tile)
        finite.append(engine.run_on_pixels(number, planes.transpose(1, 2, 0), beneath, made))
        return made

    for rows, columns, part in tiling.finished(size, tiles, restored_tile):
        if made is not result:
            result[rows, columns] = part
    return result, all(finite)
