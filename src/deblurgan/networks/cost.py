"""What a network costs to run."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_FRAME = (720, 1280)


def macs_per_pixel(network: nn.Module, block: int) -> float:
    """Multiply-accumulates of the convolutions per pixel of a 1280x720 frame, which is padded if need be.

    Every layer counts as often as it runs, and one that never runs does not count.

    Args:
        network: maps [N, 3, H, W] to the same shape; it is not run, only its shapes are followed.
        block: sides of the input must be multiples of this.
    """
    height, width = (-(-side // block) * block for side in _FRAME)
    shapes = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        shapes(torch.zeros(1, 3, height, width, device="meta"))
    return counter.get_total_flops() / 2 / (height * width)
