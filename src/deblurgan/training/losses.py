"""Losses of the generator, each a function of two pictures in [0, 1]; one table."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def charbonnier(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean of sqrt(d^2 + 1e-6): L1 that is smooth at zero (Charbonnier et al., 1994)."""
    return torch.sqrt((restored - sharp) ** 2 + 1e-6).mean()


def frequency(restored: Tensor, sharp: Tensor) -> Tensor:
    """L1 between orthonormal Fourier transforms, real and imaginary parts apart (Cho et al., ICCV 2021).

    Orthonormal, so that the weight means the same at every crop size.
    """
    difference = torch.fft.rfft2(restored - sharp, norm="ortho")
    return torch.view_as_real(difference).abs().mean()


def mse(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean squared error."""
    return ((restored - sharp) ** 2).mean()


def l1(restored: Tensor, sharp: Tensor) -> Tensor:
    """Mean absolute error."""
    return (restored - sharp).abs().mean()


LOSSES: dict[str, Loss] = {
    "charbonnier": charbonnier,
    "frequency": frequency,
    "mse": mse,
    "l1": l1,
}
