"""Adversarial losses: what the discriminator and the generator minimise; one table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Judgements:
    """What a discriminator said of a batch, and what it says on average.

    Attributes:
        sharp: its output for sharp pictures, any shape, unbounded.
        restored: its output for restored pictures.
        mean_sharp: scalar without gradient that relativistic losses compare `restored` with.
        mean_restored: scalar without gradient that they compare `sharp` with.
    """

    sharp: Tensor
    restored: Tensor
    mean_sharp: Tensor
    mean_restored: Tensor


Loss = Callable[[Judgements], Tensor]


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of one game.

    Attributes:
        discriminator: minimised by the discriminator; it wants `sharp` high and `restored` low.
        generator: minimised by the generator, which changes `restored` alone.
    """

    discriminator: Loss
    generator: Loss


class MeanJudgement:
    """Means over the last outputs of a discriminator: of this step alone, or of many as the official code has it.

    Args:
        length: outputs to remember; 1 for the plain expectation of the paper, 50 for the official pools.
    """

    def __init__(self, length: int = 1) -> None:
        self._sharp: deque[Tensor] = deque(maxlen=length)
        self._restored: deque[Tensor] = deque(maxlen=length)

    @property
    def remembered(self) -> dict[str, list[Tensor]]:
        """What a checkpoint must hold; set it to restore."""
        return {"sharp": list(self._sharp), "restored": list(self._restored)}

    @remembered.setter
    def remembered(self, means: dict[str, list[Tensor]]) -> None:
        self._sharp.extend(means["sharp"])
        self._restored.extend(means["restored"])

    def observe(self, sharp: Tensor, restored: Tensor) -> None:
        """Remember the outputs of one step of the discriminator; the generator's steps are not remembered."""
        self._sharp.append(sharp.detach().mean())
        self._restored.append(restored.detach().mean())

    def compare(self, sharp: Tensor, restored: Tensor) -> Judgements:
        """Put outputs beside the means.

        Raises:
            RuntimeError: nothing was observed yet.
        """
        if not self._sharp:
            raise RuntimeError("observe a step of the discriminator before comparing with it")
        means = (torch.stack(list(remembered)).mean() for remembered in (self._sharp, self._restored))
        return Judgements(sharp, restored, *means)


def _relativistic(high: Callable[[Tensor], Tensor], low: Callable[[Tensor], Tensor]) -> AdversarialLoss:
    """Relativistic average: judge each side against the mean of the other (Jolicoeur-Martineau, ICLR 2019).

    Args:
        high: penalty of a difference that should be high.
        low: of one that should be low.
    """

    def discriminator(judged: Judgements) -> Tensor:
        return (high(judged.sharp - judged.mean_restored) + low(judged.restored - judged.mean_sharp)) / 2

    def generator(judged: Judgements) -> Tensor:
        return (low(judged.sharp - judged.mean_restored) + high(judged.restored - judged.mean_sharp)) / 2

    return AdversarialLoss(discriminator, generator)


def _absolute(
    high: Callable[[Tensor], Tensor], low: Callable[[Tensor], Tensor], generator: Callable[[Tensor], Tensor]
) -> AdversarialLoss:
    """Judge each side by itself."""

    def discriminator(judged: Judgements) -> Tensor:
        return (high(judged.sharp) + low(judged.restored)) / 2

    return AdversarialLoss(discriminator, lambda judged: generator(judged.restored))


def _near_one(values: Tensor) -> Tensor:
    return ((values - 1) ** 2).mean()


def _near_minus_one(values: Tensor) -> Tensor:
    return ((values + 1) ** 2).mean()


def _near_zero(values: Tensor) -> Tensor:
    return (values**2).mean()


def _likely(values: Tensor) -> Tensor:
    return functional.softplus(-values).mean()


def _unlikely(values: Tensor) -> Tensor:
    return functional.softplus(values).mean()


def _high_mean(values: Tensor) -> Tensor:
    return -values.mean()


def _low_mean(values: Tensor) -> Tensor:
    return values.mean()


ADVERSARIAL_LOSSES: dict[str, AdversarialLoss] = {
    # The paper's (its equation 1), with the official code's factor of a half.
    "ragan_ls": _relativistic(_near_one, _near_minus_one),
    "ragan": _relativistic(_likely, _unlikely),
    # Mao et al., ICCV 2017.
    "lsgan": _absolute(_near_one, _near_zero, _near_one),
    # Goodfellow et al., 2014, the non-saturating form.
    "gan": _absolute(_likely, _unlikely, _likely),
    # Gulrajani et al., 2017; needs `gradient_penalty` beside it.
    "wgan_gp": _absolute(_high_mean, _low_mean, _high_mean),
}


def gradient_penalty(
    discriminator: Callable[[Tensor], Tensor], sharp: Tensor, restored: Tensor, generator: torch.Generator
) -> Tensor:
    """Mean of (norm of the gradient - 1)^2 between the two sides (Gulrajani et al., 2017, equation 3).

    Every sample has its own point between sharp and restored, and its own norm over all its values.

    Args:
        discriminator: maps [N, 3, H, W] to judgements.
        sharp: [N, 3, H, W].
        restored: the same shape.
        generator: source of the random points.
    """
    share = torch.rand((len(sharp), 1, 1, 1), generator=generator).to(sharp)
    between = (share * sharp + (1 - share) * restored).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    return ((gradient.flatten(start_dim=1).norm(dim=1) - 1) ** 2).mean()
