"""One update of the generator, and of the discriminator if there is one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from deblurgan.training.adversary import adversarial_loss, discriminator_loss, update_discriminator
from deblurgan.training.losses import LOSSES
from deblurgan.training.recipe import Recipe
from deblurgan.training.state import TrainingState, update_average


def rate_share(recipe: Recipe, step: int) -> float:
    """Share of the highest learning rate: linear warm-up, then a cosine to its end at the last step.

    Args:
        recipe: with the schedule.
        step: counts from 0.
    """
    schedule = recipe.schedule
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    progress = (step - schedule.warmup) / max(1, schedule.steps - 1 - schedule.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return schedule.final_share + (1 - schedule.final_share) * cosine


def training_step(state: TrainingState, blurred: Tensor, sharp: Tensor) -> dict[str, float]:
    """Update the discriminator, if there is one, then the generator, and return what there is to log.

    Args:
        state: changed in place.
        blurred: [N, 3, H, W] in [-1, 1].
        sharp: likewise.

    Returns:
        the weighted losses by name, their sum as `loss`, `discriminator` if there is one, `gradient_norm`
        of the generator before clipping, `learning_rate`.
    """
    recipe = state.recipe
    share = rate_share(recipe, state.step)
    for group in state.optimiser.param_groups:
        group["lr"] = share * recipe.optimiser.learning_rate
    blurred = blurred.contiguous(memory_format=torch.channels_last)
    logged = {}
    # A context for each part: within one, weights keep their first rounding even after an update.
    with _autocast(recipe, blurred):
        restored = state.generator(blurred)
    if state.adversary:
        with _autocast(recipe, blurred):
            loss = discriminator_loss(state.adversary, sharp, restored, seed=recipe.seed + state.step)
        update_discriminator(state.adversary, loss, learning_rate=share * recipe.adversarial.learning_rate)
        logged["discriminator"] = float(loss.detach())
    with _autocast(recipe, blurred):
        losses = _generator_losses(state, restored, sharp)
    total = torch.stack(list(losses.values())).sum()
    state.optimiser.zero_grad()
    torch.autograd.backward(total)
    norm = torch.nn.utils.clip_grad_norm_(state.generator.parameters(), recipe.optimiser.clip_norm)
    state.optimiser.step()
    state.step += 1
    update_average(state)
    logged |= {name: float(value.detach()) for name, value in losses.items()}
    logged |= {"loss": float(total.detach()), "gradient_norm": float(norm)}
    return logged | {"learning_rate": share * recipe.optimiser.learning_rate}


def _autocast(recipe: Recipe, like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, dtype=torch.bfloat16, enabled=recipe.precision == "bf16")


def _generator_losses(state: TrainingState, restored: Tensor, sharp: Tensor) -> dict[str, Tensor]:
    """The weighted losses by name, without those of weight zero; pictures in [-1, 1]."""
    weights = state.recipe.losses
    shown, wanted = (restored.float() + 1) / 2, (sharp + 1) / 2
    losses = {
        name: weight * loss(shown, wanted) for name, loss in LOSSES.items() if (weight := getattr(weights, name))
    }
    if state.content:
        losses["content"] = weights.content * state.content(shown, wanted)
    if state.adversary:
        weight = state.recipe.adversarial.weight
        losses["adversarial"] = weight * adversarial_loss(state.adversary, sharp, restored)
    return losses
