"""The generator of DeblurGAN v1 in two halves: the baseline that the paper compares with."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from deblurgan.networks.backbones import Backbone, FeatureMap
from deblurgan.networks.normalisation import normalisation as norm_layer

_WIDTH = 64


class ResNetEncoder(Backbone):
    """A 7x7 convolution, two of stride 2, and residual blocks at a quarter of the size (Kupyn et al., CVPR 2018).

    Args:
        blocks: residual blocks.
        dropout: share of values dropped in each of them in training.
        normalisation: "instance", "batch" or "none".
    """

    name = "resnet"

    def __init__(self, *, blocks: int, dropout: float, normalisation: str) -> None:
        super().__init__()
        widths = (_WIDTH, 2 * _WIDTH, 4 * _WIDTH)
        self.features = (FeatureMap(widths[-1], 4),)
        self.minimum_size = (16, 16)
        self.stem = nn.Sequential(
            nn.ReflectionPad2d(3), nn.Conv2d(3, _WIDTH, 7), norm_layer(normalisation, _WIDTH), nn.ReLU()
        )
        self.down = nn.Sequential(
            *[
                nn.Sequential(
                    nn.Conv2d(finer, coarser, 3, stride=2, padding=1),
                    norm_layer(normalisation, coarser),
                    nn.ReLU(),
                )
                for finer, coarser in pairwise(widths)
            ]
        )
        self.blocks = nn.Sequential(*[_Block(widths[-1], dropout, normalisation) for _ in range(blocks)])

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Map [N, 3, H, W], both sides multiples of 4, to a list of the one map."""
        return [self.blocks(self.down(self.stem(picture)))]


class ResNetDecoder(nn.Module):
    """Two transposed convolutions and a 7x7 convolution back to the full size.

    Args:
        normalisation: "instance", "batch" or "none".
    """

    def __init__(self, *, normalisation: str) -> None:
        super().__init__()
        widths = (4 * _WIDTH, 2 * _WIDTH, _WIDTH)
        self.up = nn.Sequential(
            *[
                nn.Sequential(
                    nn.ConvTranspose2d(coarser, finer, 3, stride=2, padding=1, output_padding=1),
                    norm_layer(normalisation, finer),
                    nn.ReLU(),
                )
                for coarser, finer in pairwise(widths)
            ]
        )
        self.final = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(_WIDTH, 3, 7))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map the encoder's one map to [N, 3, H, W], not yet bounded."""
        residual: Tensor = self.final(self.up(maps[0]))
        return residual


class _Block(nn.Module):
    """Two reflect-padded 3x3 convolutions, added to the input."""

    def __init__(self, channels: int, dropout: float, normalisation: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            norm_layer(normalisation, channels),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            norm_layer(normalisation, channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        changed: Tensor = self.layers(features)
        return features + changed
