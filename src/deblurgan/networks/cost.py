"""What a network costs to run."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def macs_per_pixel(network: nn.Module, block: int) -> float:
    """Multiply-accumulates of the convolutions per pixel of the input, every layer counted as often as it runs.

    Args:
        network: maps [N, 3, H, W] to the same shape.
        block: sides of the input must be multiples of this.
    """
    side = 8 * block
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.eval()(torch.zeros(1, 3, side, side))
    return counter.get_total_flops() / 2 / side**2
