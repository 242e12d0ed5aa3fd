"""Take pictures apart into blocks of 2x2 pixels, in the order of PyTorch's `pixel_unshuffle`, and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from deblurgan.in_threads import in_threads
from deblurgan.samples import row_bands
from deblurgan.ycbcr import YCbCr

Samples = NDArray[np.uint8]
Picture = Samples | YCbCr
"""Pixels in RGB, [H, W, 3], or luma and chroma; both sides are even."""

RGB_SAMPLES, YCBCR_SAMPLES = 12, 6
"""Of a block: four each of red, green and blue, or four of luma and one of either chroma."""

# In a block, by rows.
_PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))


def size_of(picture: Picture) -> tuple[int, int]:
    """(height, width) in pixels."""
    return picture.size if isinstance(picture, YCbCr) else (picture.shape[0], picture.shape[1])


def taken_apart(picture: Picture, threads: int = 1) -> Samples:
    """The samples of each block, [samples, H / 2, W / 2]."""
    height, width = size_of(picture)
    count = YCBCR_SAMPLES if isinstance(picture, YCbCr) else RGB_SAMPLES
    blocks = np.empty((count, height // 2, width // 2), np.uint8)

    def copy(rows: slice) -> None:
        for there, here in zip(_by_sample(picture), blocks, strict=True):
            here[rows] = there[rows]

    for _ in in_threads(copy, row_bands(height // 2), threads):
        pass
    return blocks


def put_together(blocks: Samples, picture: Picture, threads: int = 1) -> None:
    """Fill a picture with what `taken_apart` gives of it."""

    def copy(rows: slice) -> None:
        for there, here in zip(_by_sample(picture), blocks, strict=True):
            there[rows] = here[rows]

    for _ in in_threads(copy, row_bands(blocks.shape[1]), threads):
        pass


def _by_sample(picture: Picture) -> Iterator[Samples]:
    """A view of each sample in all blocks, [H / 2, W / 2]."""
    channels = [picture.luma] if isinstance(picture, YCbCr) else list(np.moveaxis(picture, 2, 0))
    for channel in channels:
        for down, across in _PLACES:
            yield channel[down::2, across::2]
    if isinstance(picture, YCbCr):
        yield picture.blue
        yield picture.red
