"""Pictures as video has them: luma, and chroma at half its size (4:2:0), in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblurgan import tiling
from deblurgan.samples import to_integer


@dataclass(frozen=True)
class Coding:
    """How luma and chroma stand for colours (ISO/IEC 23091-2).

    Attributes:
        red, blue: what red and blue have of luma: K_R and K_B.
        full_range: codes go from 0 to 255, not from 16 to 235, or 240 for chroma.
    """

    red: float
    blue: float
    full_range: bool

    @property
    def matrix(self) -> NDArray[np.float64]:
        """[3, 3]: maps red, green and blue in [0, 1] to codes above those of black."""
        luma = np.array([self.red, 1 - self.red - self.blue, self.blue])
        blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - self.blue))
        red = (np.array([1, 0, 0]) - luma) / (2 * (1 - self.red))
        reach = (255, 255, 255) if self.full_range else (219, 224, 224)
        return np.array(reach)[:, None] * np.stack([luma, blue, red])

    @property
    def ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """[3] twice: the least and the largest codes of colours."""
        if self.full_range:
            return np.zeros(3), np.full(3, 255.0)
        return np.full(3, 16.0), np.array([235.0, 240, 240])

    @property
    def black(self) -> NDArray[np.float64]:
        """[3]: the codes of black."""
        return np.array([0 if self.full_range else 16, 128, 128], np.float64)


@dataclass(frozen=True)
class YCbCr:
    """A picture in luma and chroma, uint8; chroma is the same for each block of 2x2 pixels.

    Attributes:
        luma: [H, W], both even.
        blue, red: chroma, C_B and C_R, [H / 2, W / 2].
        coding: what they mean.
    """

    luma: NDArray[np.uint8]
    blue: NDArray[np.uint8]
    red: NDArray[np.uint8]
    coding: Coding

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.luma.shape[0], self.luma.shape[1]

    def empty_of(self, size: tuple[int, int]) -> YCbCr:
        """A picture of this kind whose samples are to be filled."""
        height, width = size
        halves = (height // 2, width // 2)
        return YCbCr(np.empty(size, np.uint8), np.empty(halves, np.uint8), np.empty(halves, np.uint8), self.coding)

    def padded(self, size: tuple[int, int]) -> YCbCr:
        """The picture with what is missing to a size mirrored below and to the right; the same if nothing is."""
        if size == self.size:
            return self
        whole, half = (tiling.window(0, 0, size[0] // step, size[1] // step) for step in (1, 2))
        [luma] = tiling.pad(self.luma[None], whole)
        blue, red = tiling.pad(np.stack([self.blue, self.red]), half)
        return YCbCr(luma, blue, red, self.coding)

    def part(self, size: tuple[int, int]) -> YCbCr:
        """The upper left part: views."""
        height, width = size
        halves = slice(height // 2), slice(width // 2)
        return YCbCr(self.luma[:height, :width], self.blue[halves], self.red[halves], self.coding)

    def to_pixels(self) -> NDArray[np.uint8]:
        """The picture in RGB, uint8 [H, W, 3]."""
        above_black = np.empty((*self.size, 3), np.float32)
        planes = self.luma, *(chroma.repeat(2, 0).repeat(2, 1) for chroma in (self.blue, self.red))
        for channel, (plane, black) in enumerate(zip(planes, self.coding.black, strict=True)):
            np.subtract(plane, np.float32(black), out=above_black[..., channel])
        return to_integer(above_black @ np.linalg.inv(self.coding.matrix).T.astype(np.float32), 8)
