"""Average what a network changes in a picture over several sizes of it.

Enlarged, the same blur spans more pixels, and the network has more of them to work with. What it finds at each
size is in part the picture and in part its own mistakes, which differ from size to size.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from deblurgan.resampling import resized_planes

Planes = NDArray[np.float32]

LARGEST = 2 ** (2 / 3)
FACTORS = (1.0, 2 ** (1 / 3), LARGEST)
"""How many times its size a picture is seen at."""

TOGETHER = sum(factor**2 for factor in FACTORS)
"""How many times its pixels that makes."""

COPIES = 10
"""Of the picture that are held beside those of a single pass at its largest size."""


def seen_at(factor: float, network: Callable[..., Planes], *inputs: Planes, multiple: int) -> Planes:
    """The change that a network finds at another size, brought back to the picture's own.

    Args:
        factor: how many times the size.
        network: maps [N, C, h, w], and what else it takes, to a change of the same size, which is the caller's.
        inputs: the picture [N, C, h, w], then others of any size, which are enlarged with it.
        multiple: of which the network takes sizes; the picture's is one.
    """
    if factor == 1:
        return network(*inputs)
    height, width = inputs[0].shape[2:]
    rows, columns = (multiple * round(side * factor / multiple) for side in (height, width))
    seen = (
        resized_planes(planes, planes.shape[2] * rows // height, planes.shape[3] * columns // width)
        for planes in inputs
    )
    return resized_planes(network(*seen), height, width)


def averaged(network: Callable[..., Planes], *inputs: Planes, multiple: int) -> Planes:
    """Mean of the changes that a network finds at all sizes; see `seen_at`."""
    first, *others = FACTORS
    total = seen_at(first, network, *inputs, multiple=multiple)
    for factor in others:
        total += seen_at(factor, network, *inputs, multiple=multiple)
    total *= np.float32(1 / len(FACTORS))
    return total


def restored(network: Callable[[Planes], Planes], planes: Planes, *, multiple: int) -> Planes:
    """Planes with the mean of the changes of a network that maps planes to restored ones of the same size."""
    change = averaged(lambda seen: network(seen) - seen, planes, multiple=multiple)
    change += planes
    return change
