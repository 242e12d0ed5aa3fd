"""One update of the generator, and the learning rate it is made with."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from deblurgan.training.losses import LOSSES
from deblurgan.training.recipe import LossSettings, Recipe
from deblurgan.training.state import TrainingState, update_average


def learning_rate(recipe: Recipe, step: int) -> float:
    """Linear warm-up, then a cosine that reaches its end at the last step; `step` counts from 0."""
    schedule, highest = recipe.schedule, recipe.optimiser.learning_rate
    if step < schedule.warmup:
        return highest * (step + 1) / schedule.warmup
    progress = (step - schedule.warmup) / max(1, schedule.steps - 1 - schedule.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return highest * (schedule.final_share + (1 - schedule.final_share) * cosine)


def generator_losses(restored: Tensor, sharp: Tensor, weights: LossSettings) -> dict[str, Tensor]:
    """The weighted losses by name, without those of weight zero; pictures in [-1, 1]."""
    restored, sharp = (restored.float() + 1) / 2, (sharp + 1) / 2
    return {
        name: weight * loss(restored, sharp)
        for name, loss in LOSSES.items()
        if (weight := float(getattr(weights, name)))
    }


def generator_step(state: TrainingState, blurred: Tensor, sharp: Tensor) -> dict[str, float]:
    """Update the generator once and return what there is to log.

    Args:
        state: changed in place.
        blurred: [N, 3, H, W] in [-1, 1].
        sharp: likewise.

    Returns:
        the weighted losses by name, their sum as `loss`, `gradient_norm` before clipping, `learning_rate`.
    """
    recipe = state.recipe
    rate = learning_rate(recipe, state.step)
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    blurred = blurred.contiguous(memory_format=torch.channels_last)
    with torch.autocast(blurred.device.type, dtype=torch.bfloat16, enabled=recipe.precision == "bf16"):
        restored = state.generator(blurred)
    losses = generator_losses(restored, sharp, recipe.losses)
    total = torch.stack(list(losses.values())).sum()
    state.optimiser.zero_grad()
    torch.autograd.backward(total)
    norm = torch.nn.utils.clip_grad_norm_(state.generator.parameters(), recipe.optimiser.clip_norm)
    state.optimiser.step()
    state.step += 1
    update_average(state)
    logged = {name: float(value.detach()) for name, value in losses.items()}
    return logged | {"loss": float(total.detach()), "gradient_norm": float(norm), "learning_rate": rate}
