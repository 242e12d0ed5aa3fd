"""Building blocks that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a ReLU, added to the input; starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(_bias(self.second))

    def forward(self, features: Tensor) -> Tensor:
        """Map [N, C, H, W] to the same shape."""
        return features + self.second(torch.relu(self.first(features)))


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """A chain of `count` residual blocks of the same width."""
    return nn.Sequential(*[ResidualBlock(channels) for _ in range(count)])


def pixel_shuffle_up(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the size: a 1x1 convolution to four times the channels, then pixel shuffle."""
    return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 1), nn.PixelShuffle(2))


def _bias(layer: nn.Conv2d) -> Tensor:
    bias = layer.bias
    if bias is None:
        raise ValueError("this convolution was built without a bias")
    return bias
