"""Whether a network's decoder may compute in bfloat16, found by rounding to it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from deblurgan.networks.generators import FPNGenerator
from deblurgan.networks.paper_decoder import PaperDecoder

# In grey levels of 255, and the share of values that may differ by more.
_TOLERANCE, _BEYOND = 2, 0.001
_SIDE, _OCTAVES = 512, 8


def decoder_bears_bf16(network: FPNGenerator) -> bool:
    """Whether the paper's decoder, all but its last convolution, may compute in bfloat16 where the rest may not.

    Normalisation by the statistics of the picture magnifies rounding from layer to layer. In the paper's networks
    that goes far in the backbone, which is deep and cheap; most of the work is the decoder's. The weights decide,
    so each network is tried on a picture of random structures of all sizes: at most one value in a thousand may
    change by more than two grey levels. Separable decoders are not tried: on photographs they change more.
    """
    decoder = network.decoder
    if not isinstance(decoder, PaperDecoder) or decoder.separable:
        return False
    side = max(*network.minimum_size, _SIDE)
    picture, as_it_is = _structures(side), copy.deepcopy(network).eval()
    with torch.inference_mode():
        exact, rounded = (_grey_levels(each(picture)) for each in (as_it_is, _rounded_in_decoder(network)))
    return bool(((exact - rounded).abs() > _TOLERANCE).float().mean() <= _BEYOND)


def _rounded_in_decoder(network: FPNGenerator) -> FPNGenerator:
    """A copy whose decoder rounds what goes into its convolutions and comes out of them, but for the last."""
    copied = copy.deepcopy(network).eval()
    for layer in copied.decoder.modules():
        if isinstance(layer, nn.Conv2d) and layer is not copied.decoder.final:
            layer.weight.data = _rounded(layer.weight.data)
            layer.register_forward_pre_hook(lambda _, inputs: (_rounded(inputs[0]),))
            layer.register_forward_hook(lambda _, inputs, output: _rounded(output))
    return copied


def _rounded(values: Tensor) -> Tensor:
    return values.bfloat16().float()


def _grey_levels(picture: Tensor) -> Tensor:
    return (picture.clamp(-1, 1) * 127.5).round()


def _structures(side: int) -> Tensor:
    """A picture of as much contrast in each octave, as photographs have: [1, 3, side, side] in [-1, 1]."""
    random = torch.Generator().manual_seed(0)
    coarse = (max(2, side >> octave) for octave in range(_OCTAVES))
    octaves = (torch.randn(1, 3, size, size, generator=random) for size in coarse)
    picture = sum(functional.interpolate(each, (side, side), mode="bilinear") for each in octaves)
    return torch.tanh(picture / _OCTAVES**0.5)
