"""Generators: networks that map a blurred picture to a sharp one, both in [-1, 1]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from deblurgan.networks.backbones import Backbone, PlainBackbone
from deblurgan.networks.decoders import PixelShuffleDecoder


class FPNGenerator(nn.Module):
    """The feature-pyramid generator of DeblurGAN-v2 (Kupyn et al., ICCV 2019, section 3.1).

    A backbone gives a feature map per stride, a decoder merges them into a residual, and the residual is
    added to the blurred picture.

    Args:
        backbone: maps [N, 3, H, W] to a list of feature maps, finest first.
        decoder: maps that list to [N, 3, H, W].

    Attributes:
        size_multiple: both sides of the input must be multiples of this.
    """

    def __init__(self, backbone: Backbone, decoder: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.decoder = decoder
        self.size_multiple = backbone.features[-1].stride

    def forward(self, blurred: Tensor) -> Tensor:
        """Map [N, 3, H, W] in [-1, 1] to the same shape; slightly outside the range is possible."""
        residual: Tensor = self.decoder(self.backbone(blurred))
        return blurred + residual.to(blurred.dtype)


def plain_fpn(
    *,
    channels: tuple[int, ...] = (32, 64, 128, 192),
    depths: tuple[int, ...] = (1, 2, 3, 4),
    decoder_depths: tuple[int, ...] = (1, 1, 2),
) -> FPNGenerator:
    """FPN generator on the plain backbone, with the pixel-shuffle decoder.

    Args:
        channels: width at strides 2, 4, 8, ...
        depths: residual blocks of the backbone at each of them.
        decoder_depths: residual blocks of the decoder, finest first, none at the coarsest level.
    """
    backbone = PlainBackbone(tuple(channels), tuple(depths))
    return FPNGenerator(backbone, PixelShuffleDecoder(backbone.features, tuple(decoder_depths)))


GENERATORS: dict[str, Callable[..., FPNGenerator]] = {
    "fpn_plain": plain_fpn,
}


def build(name: str, **options: Any) -> FPNGenerator:
    """Build a generator by name.

    Args:
        name: a key of `GENERATORS`.
        options: keyword arguments of that entry; a misspelt one raises TypeError.

    Raises:
        KeyError: no generator has that name.
    """
    if name not in GENERATORS:
        raise KeyError(f"no generator is called {name!r}; known: {', '.join(sorted(GENERATORS))}")
    return GENERATORS[name](**options)
