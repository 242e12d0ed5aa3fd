"""Backbones: bottom-up networks that give one feature map per stride, finest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from deblurgan.networks.blocks import projection, residual_blocks


@dataclass(frozen=True)
class FeatureMap:
    """One level that a backbone gives.

    Attributes:
        channels: depth of the map.
        stride: pixels of the input per pixel of the map, along each axis.
        short: (left, right, top, bottom) by which unpadded convolutions left the map smaller than that;
            a decoder makes it good by reflection.
    """

    channels: int
    stride: int
    short: tuple[int, int, int, int] = (0, 0, 0, 0)


class Backbone(nn.Module):
    """What every backbone offers besides `forward`.

    Attributes:
        name: key that people know it by.
        features: the maps it gives, finest first.
        minimum_size: least (height, width) of its input.
    """

    name: str
    features: tuple[FeatureMap, ...]
    minimum_size: tuple[int, int]


class PlainBackbone(Backbone):
    """Residual 3x3 convolutions on a pixel-unshuffled picture; made to be learned from nothing on a CPU.

    Dense 3x3 convolutions are what processors run closest to their peak, and without normalisation a
    tile of a picture gives what the whole picture gives.

    Args:
        channels: width at strides 2, 4, 8, ...
        depths: residual blocks at each of them.
        sees_change: whether it also sees, at half the size, a change that was found before.
    """

    name = "plain"

    def __init__(self, channels: tuple[int, ...], depths: tuple[int, ...], *, sees_change: bool = False) -> None:
        super().__init__()
        if len(channels) != len(depths):
            raise ValueError(f"{len(channels)} widths but {len(depths)} depths; give one of each per level")
        self.features = tuple(FeatureMap(width, 2 ** (level + 1)) for level, width in enumerate(channels))
        self.minimum_size = (2 ** len(channels), 2 ** len(channels))
        self.sees_change = sees_change
        self.unshuffle = nn.PixelUnshuffle(2)
        self.stem = projection(12 + 3 * sees_change, channels[0], 3)
        self.down = nn.ModuleList(projection(finer, coarser, 2, stride=2) for finer, coarser in pairwise(channels))
        self.levels = nn.ModuleList(
            residual_blocks(width, depth) for width, depth in zip(channels, depths, strict=True)
        )

    def forward(self, picture: Tensor, change: Tensor | None = None) -> list[Tensor]:
        """Map a picture to one feature map per level, finest first.

        Args:
            picture: [N, 3, H, W], both sizes multiples of the last stride.
            change: [N, 3, H / 2, W / 2] for a backbone that sees one; None for no change.
        """
        seen = self.unshuffle(picture)
        if self.sees_change:
            seen = torch.cat([seen, torch.zeros_like(seen[:, :3]) if change is None else change], dim=1)
        maps = [self.levels[0](self.stem(seen))]
        for down, level in zip(self.down, self.levels[1:], strict=True):
            maps.append(level(torch.relu(down(maps[-1]))))
        return maps
