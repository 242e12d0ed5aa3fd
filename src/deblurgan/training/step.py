"""One update of the generator, and of the discriminator if there is one."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from deblurgan.errors import TrainingFailed
from deblurgan.training.adversary import adversarial_loss, discriminator_loss, update_discriminator
from deblurgan.training.devices import mean_of_processes, share_gradients
from deblurgan.training.losses import LOSSES
from deblurgan.training.settings import Recipe
from deblurgan.training.state import TrainingState, update_average


def rate_share(recipe: Recipe, step: int) -> float:
    """Share of the highest learning rate: linear warm-up, plateau, then down to its end at the last step.

    Args:
        recipe: with the schedule.
        step: counts from 0.
    """
    schedule = recipe.schedule
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    falling = step - schedule.warmup - schedule.plateau
    progress = min(1.0, max(0.0, falling / max(1, schedule.steps - 1 - schedule.warmup - schedule.plateau)))
    return schedule.final_share + (1 - schedule.final_share) * _DECAYS[schedule.decay](progress)


_DECAYS: dict[str, Callable[[float], float]] = {
    "cosine": lambda progress: 0.5 * (1 + math.cos(math.pi * progress)),
    "linear": lambda progress: 1 - progress,
}


def training_step(state: TrainingState, blurred: Tensor, sharp: Tensor) -> dict[str, float]:
    """Update the discriminator, if there is one, then the generator, and return what there is to log.

    Several processes each give their share of the batch; the update is that of the whole.

    Args:
        state: changed in place.
        blurred: [N, 3, H, W] in [-1, 1].
        sharp: likewise.

    Returns:
        the weighted losses by name, their sum as `loss`, `discriminator` if there is one, `gradient_norm`
        of the generator before clipping, `learning_rate`.

    Raises:
        TrainingFailed: the loss is no longer a number; the generator was not changed.
    """
    recipe, fabric = state.recipe, state.fabric
    share = rate_share(recipe, state.step)
    rate = share * recipe.optimiser.learning_rate
    state.generator.backbone.requires_grad_(state.step >= recipe.generator.frozen_steps)
    parts = _parts(blurred, recipe.optimiser.parts), _parts(sharp, recipe.optimiser.parts)
    logged: dict[str, Tensor] = {}
    restored = None
    if state.adversary:
        state.adversary.optimiser.zero_grad()
        for number, (blurred_part, sharp_part) in enumerate(zip(*parts, strict=True)):
            restored = _restore(state, blurred_part)
            with _autocast(recipe, blurred):
                seed = recipe.seed + state.step + number
                loss = discriminator_loss(state.adversary, sharp_part, restored, fabric, seed=seed)
            _add_gradients(loss, logged, {"discriminator": loss}, recipe.optimiser.parts)
        update_discriminator(state.adversary, fabric, learning_rate=share * recipe.adversarial.learning_rate)
    state.optimiser.zero_grad()
    for blurred_part, sharp_part in zip(*parts, strict=True):
        # Of several parts, only one is kept in memory at a time; the price is restoring them twice.
        if restored is None or recipe.optimiser.parts > 1:
            restored = _restore(state, blurred_part)
        with _autocast(recipe, blurred):
            losses = _generator_losses(state, restored, sharp_part)
        total = torch.stack(list(losses.values())).sum()
        _add_gradients(total, logged, losses | {"loss": total}, recipe.optimiser.parts)
    share_gradients(fabric, state.generator)
    norm = torch.nn.utils.clip_grad_norm_(state.generator.parameters(), recipe.optimiser.clip_norm)
    # An accelerator is waited for once a step: here, where all work but the update is under way.
    *values, gradient_norm = mean_of_processes(fabric, torch.stack([*logged.values(), norm])).tolist()
    means: dict[str, float] = dict(zip(logged, values, strict=True))
    if not math.isfinite(means["loss"]):
        raise TrainingFailed(
            f"The loss is no longer a number at step {state.step}; go on from the last checkpoint, or begin anew, "
            "with a lower optimiser.learning_rate."
        )
    for group in state.optimiser.param_groups:
        group["lr"] = rate
    state.optimiser.step()
    state.step += 1
    update_average(state)
    return means | {"gradient_norm": gradient_norm, "learning_rate": rate}


def _parts(batch: Tensor, count: int) -> tuple[Tensor, ...]:
    return batch.contiguous(memory_format=torch.channels_last).chunk(count)


def _restore(state: TrainingState, blurred: Tensor) -> Tensor:
    # A context for each part: within one, weights keep their first rounding even after an update.
    with _autocast(state.recipe, blurred):
        restored: Tensor = state.generator(blurred)
    return restored


def _add_gradients(loss: Tensor, logged: dict[str, Tensor], losses: dict[str, Tensor], parts: int) -> None:
    """Go backward through one of several equal parts of a batch, and add up what there is to log."""
    torch.autograd.backward(loss / parts)
    for name, value in losses.items():
        share = value.detach().float() / parts
        logged[name] = logged[name] + share if name in logged else share


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
