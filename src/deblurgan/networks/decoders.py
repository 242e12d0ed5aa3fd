"""Decoders: top-down pathways that turn a backbone's feature pyramid into a residual picture."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from deblurgan.networks.backbones import FeatureMap
from deblurgan.networks.blocks import pixel_shuffle_up, projection, residual_blocks


class PixelShuffleDecoder(nn.Module):
    """Lateral additions, residual blocks and pixel shuffle up to the full size; starts by giving zero.

    Args:
        features: what the backbone gives, finest first, each level half the size of the one before.
        depths: residual blocks after each lateral addition, finest first, for all but the coarsest level.
        scale: how many times larger than the backbone's input the output is.
    """

    def __init__(self, features: tuple[FeatureMap, ...], depths: tuple[int, ...], scale: int = 1) -> None:
        super().__init__()
        if len(depths) != len(features) - 1:
            raise ValueError(f"{len(features)} levels need {len(features) - 1} decoder depths, not {len(depths)}")
        widths = [feature.channels for feature in features]
        self.laterals = nn.ModuleList(projection(width, width, 1) for width in widths[:-1])
        self.up = nn.ModuleList(pixel_shuffle_up(coarser, finer) for finer, coarser in pairwise(widths))
        self.levels = nn.ModuleList(
            residual_blocks(width, depth) for width, depth in zip(widths[:-1], depths, strict=True)
        )
        self.head = nn.Conv2d(widths[0], 3 * (2 * scale) ** 2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2 * scale)
        nn.init.zeros_(self.head.weight)
        if self.head.bias is not None:
            nn.init.zeros_(self.head.bias)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map a pyramid, finest first, to [N, 3, scale * H, scale * W]."""
        merged = maps[-1]
        for level in reversed(range(len(self.laterals))):
            merged = self.levels[level](self.laterals[level](maps[level]) + self.up[level](merged))
        residual: Tensor = self.shuffle(self.head(merged))
        return residual
