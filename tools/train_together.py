"""Train several networks on one stream of crops, where making crops takes longer than learning from them.

Usage: python tools/train_together.py OUT MINUTES RECIPE [RECIPE ...] [--set KEY=VALUE ...]

The recipes must agree in data, blur, seed and schedule, and may differ in network, losses and optimiser. OUT gets
a run folder for each, which the same command goes on from and `deblurgan export` reads. Nothing is validated.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

from deblurgan.engines.threads import allowed_threads
from deblurgan.errors import DeblurganError
from deblurgan.training import recipe as recipes
from deblurgan.training import state as states
from deblurgan.training.devices import connect
from deblurgan.training.loop import batches
from deblurgan.training.pictures import load_pictures
from deblurgan.training.run_folder import LAST, RunFolder
from deblurgan.training.settings import Recipe
from deblurgan.training.step import training_step


def disagreement(first: Recipe, other: Recipe) -> str | None:
    """The first part of two recipes that must be equal and is not."""
    parts = ("data", "blur", "seed", "schedule")
    return next((part for part in parts if getattr(first, part) != getattr(other, part)), None)


def main(out: Path, minutes: float, names: list[str], overrides: tuple[str, ...]) -> None:
    """Go on with all networks until their schedule or the time is over."""
    wanted = [recipes.load(name, overrides) for name in names]
    for other in wanted[1:]:
        if part := disagreement(wanted[0], other):
            sys.exit(
                f"Recipes {wanted[0].name!r} and {other.name!r} differ in {part}; set it for both with --set."
            )
    torch.set_num_threads(allowed_threads())
    fabric = connect()
    folders = [out / recipe.name for recipe in wanted]
    going_on = any((folder / LAST).exists() for folder in folders)
    networks = [
        states.load(folder / LAST, recipe, fabric) if going_on else states.begin(recipe, fabric)
        for folder, recipe in zip(folders, wanted, strict=True)
    ]
    steps = {network.step for network in networks}
    if len(steps) > 1 or len(set(folders)) < len(folders):
        sys.exit(f"The networks in {out} must have names of their own and stand at one step; train them apart.")
    runs = [RunFolder(folder, leads=True) for folder in folders]
    for run, recipe in zip(runs, wanted, strict=True):
        run.open(recipe)
        run.rewind(networks[0].step)
    end, schedule = time.monotonic() + 60 * minutes, wanted[0].schedule
    for pictures in batches(wanted[0], load_pictures(wanted[0]), networks[0].step, fabric):
        blurred, sharp = (side.to(fabric.device, non_blocking=True) for side in pictures)
        logged = [training_step(network, blurred, sharp) for network in networks]
        step = networks[0].step
        last = step == schedule.steps or time.monotonic() > end
        for run, network, losses in zip(runs, networks, logged, strict=True):
            if step % schedule.log_every == 0 or last:
                run.log({"step": step, **losses})
            if step % schedule.checkpoint_every == 0 or last:
                run.save(network, LAST)
        if last:
            break
    for run in runs:
        run.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("minutes", type=float)
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides")
    arguments = parser.parse_args()
    try:
        main(arguments.out, arguments.minutes, arguments.recipes, tuple(arguments.overrides))
    except DeblurganError as error:
        sys.exit(str(error))
