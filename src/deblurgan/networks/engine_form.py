"""The form of a network that engines should run: other operations, the same weights, names and pictures."""

from __future__ import annotations

import copy

from torch import nn

from deblurgan.networks.normalisation import Norm2d
from deblurgan.networks.paper_decoder import PaperDecoder


def as_engines_compute(network: nn.Module) -> nn.Module:
    """A copy that multiplies less and sums more exactly; its outputs differ by rounding alone."""
    form = copy.deepcopy(network)
    for layer in form.modules():
        if isinstance(layer, Norm2d):
            layer.by_rows = True
        elif isinstance(layer, PaperDecoder):
            layer.folded = not layer.separable
    return form
