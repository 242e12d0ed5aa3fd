"""How far one pixel of the input reaches in the output of a network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def reach_of(network: Callable[[Tensor], Tensor], block: int, *, most: int = 512) -> int | None:
    """Measure the receptive field by following NaN through the network: it spreads wherever it is read.

    Args:
        network: in evaluation mode; maps [N, 3, H, W] to the same shape.
        block: sides of the input must be multiples of this.
        most: furthest distance looked at, in pixels.

    Returns:
        pixels beyond a block of the input that it can influence, a multiple of `block`; None if that is
        more than `most`, as with statistics over the whole picture.
    """
    around = -(-most // block) * block
    side = 2 * around + block
    probe = torch.zeros(1, 3, side, side)
    probe[:, :, around : around + block, around : around + block] = torch.nan
    with torch.inference_mode():
        touched = torch.isnan(network(probe)[0]).any(dim=0)
    rows = touched.any(dim=1).nonzero().flatten()
    columns = touched.any(dim=0).nonzero().flatten()
    first = min(int(rows[0]), int(columns[0]))
    last = max(int(rows[-1]), int(columns[-1]))
    if first == 0 or last == side - 1:
        return None
    reach = max(around - first, last - (around + block - 1))
    return -(-reach // block) * block
