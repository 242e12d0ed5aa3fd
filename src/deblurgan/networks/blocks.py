"""Building blocks that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_BRANCH_SCALE = 0.3


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around a ReLU, added to the input.

    Starts from He et al.'s weights (ICCV 2015), the branch damped: without normalisation, branches that start
    from nothing learn far more slowly.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="relu")
        nn.init.kaiming_normal_(self.second.weight, nonlinearity="linear")
        with torch.no_grad():
            self.second.weight.mul_(_BRANCH_SCALE)
        nn.init.zeros_(_bias(self.first))
        nn.init.zeros_(_bias(self.second))

    def forward(self, features: Tensor) -> Tensor:
        """Map [N, C, H, W] to the same shape."""
        return features + self.second(torch.relu(self.first(features)))


def residual_blocks(channels: int, count: int) -> nn.Sequential:
    """A chain of `count` residual blocks of the same width."""
    return nn.Sequential(*[ResidualBlock(channels) for _ in range(count)])


def projection(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    """A convolution that starts by keeping the variance of its input; padded so that stride 1 keeps the size."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2 if stride == 1 else 0)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    nn.init.zeros_(_bias(layer))
    return layer


def pixel_shuffle_up(inputs: int, outputs: int) -> nn.Sequential:
    """Twice the size: a 1x1 convolution to four times the channels, then pixel shuffle."""
    return nn.Sequential(projection(inputs, 4 * outputs, 1), nn.PixelShuffle(2))


def _bias(layer: nn.Conv2d) -> Tensor:
    bias = layer.bias
    if bias is None:
        raise ValueError("this convolution was built without a bias")
    return bias
