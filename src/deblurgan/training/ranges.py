"""The range of every number of a recipe, by its path; needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from deblurgan.blur.synthesis import LEAST_DEFOCUS
from deblurgan.errors import RecipeError

if TYPE_CHECKING:
    from deblurgan.training.settings import Recipe


@dataclass(frozen=True)
class Range:
    """The numbers that a setting may have.

    Attributes:
        least: of them.
        most: of them.
        excluded: the end that is not one of them itself; None if both are.
    """

    least: float
    most: float = math.inf
    excluded: float | None = None

    def demand(self, value: float) -> str:
        """What a number outside must be, as 'at least 1'; nothing for one inside. What is no number is outside."""
        if not value >= self.least or value == self.least == self.excluded:
            return f"{'above' if self.least == self.excluded else 'at least'} {self.least:g}"
        if not value <= self.most or value == self.most == self.excluded:
            return f"{'below' if self.most == self.excluded else 'at most'} {self.most:g}"
        return ""


_FROM_ZERO, _ABOVE_ZERO, _FROM_ONE, _SHARE = Range(0), Range(0, excluded=0), Range(1), Range(0, 1)

RANGES: dict[str, Range] = {
    "seed": Range(0, 2**63 - 1),
    **dict.fromkeys(("data.workers", "generator.frozen_steps", "validation.samples"), _FROM_ZERO),
    **dict.fromkeys(("schedule.warmup", "schedule.plateau"), _FROM_ZERO),
    **dict.fromkeys(("data.scale", "data.crop", "data.batch", "data.positions", "optimiser.parts"), _FROM_ONE),
    **dict.fromkeys(("blur.longest", "adversarial.memory", "validation.every", "schedule.steps"), _FROM_ONE),
    **dict.fromkeys(("schedule.checkpoint_every", "schedule.log_every"), _FROM_ONE),
    **dict.fromkeys(("data.real_share", "data.pair_frame_share", "data.recoloured"), _SHARE),
    "data.least_size": Range(0, 1, excluded=0),
    "blur.shortest": _ABOVE_ZERO,
    **dict.fromkeys(("blur.rotation", "blur.zoom", "blur.straightness"), _FROM_ZERO),
    **dict.fromkeys(("blur.still", "blur.layered", "blur.linear", "blur.highlights", "blur.noisy"), _SHARE),
    **dict.fromkeys(
        ("blur.compressed", "blur.defocused", "blur.night", "blur.processed", "blur.lettered"), _SHARE
    ),
    **dict.fromkeys(("blur.read_noise", "blur.shot_noise"), _SHARE),
    "blur.jpeg_quality": Range(1, 98),
    "blur.defocus_radius": Range(LEAST_DEFOCUS),
    **dict.fromkeys(("losses.charbonnier", "losses.frequency", "losses.mse", "losses.l1"), _FROM_ZERO),
    **dict.fromkeys(("losses.content", "adversarial.weight", "adversarial.penalty"), _FROM_ZERO),
    **dict.fromkeys(("optimiser.learning_rate", "adversarial.learning_rate", "optimiser.clip_norm"), _ABOVE_ZERO),
    "optimiser.betas": Range(0, 1, excluded=1),
    "optimiser.weight_decay": _FROM_ZERO,
    "optimiser.ema": _SHARE,
    "schedule.final_share": _SHARE,
}


def refuse_out_of_range(recipe: Recipe) -> None:
    """Raise for the first number of a recipe, or of a pair of numbers in it, that its range does not hold.

    Raises:
        RecipeError: it names the setting, its value and what it must be.
    """
    for path, permitted in RANGES.items():
        setting = attrgetter(path)(recipe)
        for value in setting if isinstance(setting, tuple) else (setting,):
            if demand := permitted.demand(value):
                raise RecipeError(f"Recipe {recipe.name!r}: {path} is {value}; it must be {demand}.")
