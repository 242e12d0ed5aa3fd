"""What a network costs to run."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_FRAME = (720, 1280)
_SMALL = (128, 128)


def live_parameters(network: nn.Module) -> int:
    """Number of weights that the output depends on, each counted once; the others are dead.

    Args:
        network: maps [N, 3, H, W] to the same shape; it is not run, only its shapes are followed.
    """
    shapes = copy.deepcopy(network).to("meta").eval().requires_grad_()
    shapes(torch.zeros(1, 3, *_SMALL, device="meta")).sum().backward()
    return sum(weights.numel() for weights in shapes.parameters() if weights.grad is not None)


def macs_per_pixel(network: nn.Module, block: int, *, part: str = "") -> float:
    """Multiply-accumulates of the convolutions per pixel of a 1280x720 frame, which is padded if need be.

    Every layer counts as often as it runs, and one that never runs does not count.

    Args:
        network: takes [N, 3, H, W]; it is not run, only its shapes are followed.
        block: sides of the input must be multiples of this.
        part: name of a module in it, to count only what runs there.
    """
    height, width = (-(-side // block) * block for side in _FRAME)
    shapes = copy.deepcopy(network).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        shapes(torch.zeros(1, 3, height, width, device="meta"))
    place = f"{type(network).__name__}.{part}" if part else "Global"
    return sum(counter.get_flop_counts()[place].values()) / 2 / (height * width)
