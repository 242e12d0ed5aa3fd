"""How far one pixel of the input reaches in the output of a network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

NOTICEABLE = 2 * 0.1 / 255
"""A tenth of a grey level, in the networks' range of values."""

_PATCH = 32


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


def noticeable_reach_of(network: Callable[[Tensor], Tensor], block: int, *, most: int) -> int:
    """Measure beyond which distance nothing in a picture changes the output noticeably.

    At the rim of its receptive field a network sees next to nothing: what a tile gains by being exact to the last
    digit there costs more than all else of its overlap. Pictures that agree on one side of a line and not on the
    other are compared, in all four directions.

    Args:
        network: in evaluation mode; maps [N, 3, H, W] in [-1, 1] to the same shape.
        block: sides of the input must be multiples of this.
        most: the receptive field, in pixels, as `reach_of` measures it.

    Returns:
        pixels beyond which the output changes by at most `NOTICEABLE`; a multiple of `block`, at least one.
    """
    generator = torch.Generator().manual_seed(0)
    farthest = 0
    for direction in range(4):
        picture, other = (_patches(2 * most, generator) for _ in range(2))
        other[..., :most] = picture[..., :most]
        with torch.inference_mode():
            first, second = (network(torch.rot90(view, direction, (2, 3))) for view in (picture, other))
        change = torch.rot90(first - second, -direction, (2, 3)).abs()[0, :, :, :most].amax(dim=(0, 1))
        noticed = (change > NOTICEABLE).nonzero().flatten()
        if len(noticed):
            farthest = max(farthest, most - int(noticed[0]))
    return max(1, -(-farthest // block)) * block


def _patches(side: int, generator: torch.Generator) -> Tensor:
    """A picture of patches of any colour with soft edges, [1, 3, side, side] in [-1, 1].

    Networks saw farther in such than in noise or in smooth shades.
    """
    colours = torch.rand(1, 3, -(-side // _PATCH), -(-side // _PATCH), generator=generator)
    patches = colours.repeat_interleave(_PATCH, 2).repeat_interleave(_PATCH, 3)[..., :side, :side]
    return functional.avg_pool2d(functional.pad(patches, (4,) * 4, mode="replicate"), 9, 1) * 2 - 1
