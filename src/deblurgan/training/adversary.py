"""The discriminator's side of a training: its network, its optimiser, its update."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from deblurgan.errors import RecipeError
from deblurgan.networks import DISCRIMINATORS, build_discriminator
from deblurgan.training.adversarial import ADVERSARIAL_LOSSES, AdversarialLoss, MeanJudgement, gradient_penalty
from deblurgan.training.devices import mean_of_processes, share_gradients
from deblurgan.training.settings import Recipe


@dataclass
class Adversary:
    """Everything that an update of the discriminator changes, and the rules of the game.

    Attributes:
        discriminator: gives the judgements of one scale, or a tuple of several.
        optimiser: Adam over it.
        loss: both sides of the game.
        means: one per scale.
        penalty: weight of the gradient penalty.
    """

    discriminator: nn.Module
    optimiser: torch.optim.Optimizer
    loss: AdversarialLoss
    means: list[MeanJudgement]
    penalty: float

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "means": [mean.remembered for mean in self.means],
        }

    def load_state_dict(self, content: dict[str, Any]) -> None:
        """Restore what `state_dict` gave."""
        self.discriminator.load_state_dict(content["discriminator"])
        self.optimiser.load_state_dict(content["optimiser"])
        for mean, remembered in zip(self.means, content["means"], strict=True):
            mean.remembered = remembered


def find_adversary(recipe: Recipe, device: torch.device) -> Adversary | None:
    """The adversary that a recipe asks for, new; None without one.

    Raises:
        RecipeError: the discriminator or the loss has an unknown name.
    """
    settings = recipe.adversarial
    for name, table in ((settings.discriminator, DISCRIMINATORS), (settings.loss, ADVERSARIAL_LOSSES)):
        if name not in table:
            raise RecipeError(f"Recipe {recipe.name!r}: {name!r} is unknown; known: {', '.join(sorted(table))}.")
    if not settings.weight:
        return None
    discriminator = build_discriminator(settings.discriminator).to(device)
    return Adversary(
        discriminator=discriminator,
        optimiser=torch.optim.Adam(discriminator.parameters(), lr=settings.learning_rate, betas=(0.5, 0.999)),
        loss=ADVERSARIAL_LOSSES[settings.loss],
        means=[MeanJudgement(settings.memory) for _ in range(discriminator.scales)],
        penalty=settings.penalty,
    )


def judge(discriminator: nn.Module, pictures: Tensor) -> tuple[Tensor, ...]:
    """The judgements of every scale, finest first, in float32: in bfloat16, losses would move in steps."""
    judgements = discriminator(pictures)
    return tuple(each.float() for each in (judgements if isinstance(judgements, tuple) else (judgements,)))


def discriminator_loss(
    adversary: Adversary, sharp: Tensor, restored: Tensor, fabric: Fabric, *, seed: int
) -> Tensor:
    """What the discriminator minimises, the mean over scales.

    Args:
        adversary: remembers the judgements.
        sharp: [N, 3, H, W] in [-1, 1].
        restored: the same shape; no gradient flows into it.
        fabric: whose processes share the batch, and so the mean judgements.
        seed: of the points at which the gradient penalty is taken.
    """
    discriminator, restored = adversary.discriminator.requires_grad_(True), restored.detach()
    losses = []
    scales = zip(judge(discriminator, sharp), judge(discriminator, restored), adversary.means, strict=True)
    for scale, (of_sharp, of_restored, mean) in enumerate(scales):
        mean.observe(*(_mean_everywhere(fabric, side) for side in (of_sharp, of_restored)))
        loss = adversary.loss.discriminator(mean.compare(of_sharp, of_restored))
        if adversary.penalty:
            points = torch.Generator().manual_seed(seed + scale)
            one_scale = partial(_judge_at, discriminator, scale)
            loss = loss + adversary.penalty * gradient_penalty(one_scale, sharp, restored, points)
        losses.append(loss)
    return torch.stack(losses).mean()


def update_discriminator(adversary: Adversary, fabric: Fabric, *, learning_rate: float) -> None:
    """Make one step of the discriminator's optimiser, on the gradients that all processes have found."""
    share_gradients(fabric, adversary.discriminator)
    for group in adversary.optimiser.param_groups:
        group["lr"] = learning_rate
    adversary.optimiser.step()


def _mean_everywhere(fabric: Fabric, judgements: Tensor) -> Tensor:
    return mean_of_processes(fabric, judgements.detach().mean())


def _judge_at(discriminator: nn.Module, scale: int, pictures: Tensor) -> Tensor:
    return judge(discriminator, pictures)[scale]


def adversarial_loss(adversary: Adversary, sharp: Tensor, restored: Tensor) -> Tensor:
    """What the generator minimises, the mean over scales; gradients reach `restored` alone."""
    adversary.discriminator.requires_grad_(False)
    with torch.no_grad():
        of_sharp = judge(adversary.discriminator, sharp)
    scales = zip(of_sharp, judge(adversary.discriminator, restored), adversary.means, strict=True)
    losses = [adversary.loss.generator(mean.compare(*judgements)) for *judgements, mean in scales]
    return torch.stack(losses).mean()
