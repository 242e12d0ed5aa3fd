"""Convolutions of enlarged or projected maps at a fraction of their cost, for the graphs that engines run."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def enlarged(features: Tensor, factor: int) -> Tensor:
    """Repeat each value of [N, C, H, W] `factor` times along both axes."""
    if factor == 1:
        return features
    return functional.interpolate(features, scale_factor=float(factor), mode="nearest")


def of_enlarged(weight: Tensor, bias: Tensor | None, features: Tensor) -> Tensor:
    """A zero-padded 3x3 convolution of `enlarged(features, 2)`, with 16 multiplications for every 36.

    Two of the three taps along each axis see the same value, so 2x2 kernels of their sums suffice, one for
    each of the four positions within an enlarged pixel. Adding up the taps first changes the rounding only.

    Args:
        weight: [O, C, 3, 3].
        bias: [O], or None.
        features: [N, C, H, W].

    Returns:
        [N, O, 2 * H, 2 * W].
    """
    rows = torch.stack(_tap_sums(weight, dim=2), dim=1)
    kernels = torch.stack(_tap_sums(rows, dim=4), dim=2).flatten(0, 2)
    biases = None if bias is None else bias.repeat_interleave(4)
    positions = functional.conv2d(features, kernels, biases, padding=1)
    return functional.pixel_shuffle(positions, 2)[:, :, 1:-1, 1:-1]


def of_projected(weight: Tensor, projection: Tensor, features: Tensor) -> Tensor:
    """A zero-padded 3x3 convolution of a 1x1 convolution, as one; neither has a bias.

    Args:
        weight: of the 3x3, [O, M, 3, 3].
        projection: weight of the 1x1, [M, C, 1, 1].
        features: [N, C, H, W].
    """
    kernels = torch.einsum("omyx,mi->oiyx", weight, projection[:, :, 0, 0])
    return functional.conv2d(features, kernels, padding=1)


def of_sum(convolution: nn.Conv2d, projection: nn.Conv2d, features: Tensor, coarser: Tensor) -> Tensor:
    """`convolution(projection(features) + enlarged(coarser, 2))`, in whichever way multiplies less.

    Args:
        convolution: 3x3, padded by 1 with zeros, one group.
        projection: 1x1 without a bias.
        features: [N, C, 2 * H, 2 * W].
        coarser: [N, M, H, W], M the outputs of `projection`.
    """
    whole, inputs = projection.out_channels, projection.in_channels
    if 36 * inputs + 16 * whole < 36 * whole:
        return of_enlarged(convolution.weight, convolution.bias, coarser) + of_projected(
            convolution.weight, projection.weight, features
        )
    summed: Tensor = convolution(projection(features) + enlarged(coarser, 2))
    return summed


def _tap_sums(weights: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The two taps that remain of three along `dim`, for the second half of a pixel and the first of the next."""
    before, middle, after = weights.unbind(dim)
    return torch.stack([before + middle, after], dim), torch.stack([before, middle + after], dim)
