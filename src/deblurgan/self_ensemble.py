"""Average what a network makes of a picture over the picture's flips and quarter turns."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]

VIEWS = tuple(product((False, True), (slice(None), slice(None, None, -1)), (slice(None), slice(None, None, -1))))
"""The eight: whether rows and columns change places, then the order of either. The first is the picture itself;
those of one shape come together."""

COPIES = 2
"""Of the picture that are held beside those of a single pass."""


def averaged(network: Callable[..., Planes], *inputs: Planes) -> Planes:
    """Mean of a network's results for all eight views, each brought back (geometric self-ensemble, Lim et al.,
    "Enhanced Deep Residual Networks", CVPRW 2017).

    Args:
        network: maps [N, C, h, w] and [N, C, w, h] to as many planes, `s` times as high and as wide, which are
            the caller's to change.
        inputs: [N, C, h, w] for each of its arguments, of one shape of picture but of any size.

    Returns:
        [N, C, s h, s w].
    """

    def brought_back(transposed: bool, rows: slice, columns: slice) -> Planes:
        views = (planes[..., rows, columns] for planes in inputs)
        result = network(*(np.ascontiguousarray(view.swapaxes(2, 3) if transposed else view) for view in views))
        return (result.swapaxes(2, 3) if transposed else result)[..., rows, columns]

    upright, *others = VIEWS
    total = brought_back(*upright)
    for view in others:
        total += brought_back(*view)
    total *= np.float32(1 / len(VIEWS))
    return total
