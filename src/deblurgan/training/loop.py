"""The training loop: data in, steps, log lines, validations, checkpoints."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from deblurgan.engines.threads import allowed_threads
from deblurgan.evaluation import INPUT, evaluate
from deblurgan.pairs import Pair, find_pairs
from deblurgan.restore import Restorer
from deblurgan.training import state as states
from deblurgan.training.dataset import Pictures, TrainingSet, load_pictures
from deblurgan.training.export import manifest_of
from deblurgan.training.recipe import Recipe, as_toml
from deblurgan.training.state import TrainingState
from deblurgan.training.step import training_step
from deblurgan.training.torch_engine import TorchEngine
from deblurgan.whole import whole_file

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"
RECIPE = "recipe.toml"

log = logging.getLogger(__name__)


def train(recipe: Recipe, run: Path, *, resume: bool = False, threads: int | None = None) -> TrainingState:
    """Run a recipe to its end, in a folder that holds the checkpoint and a log of one JSON object a line.

    Args:
        recipe: the settings.
        run: folder for `recipe.toml`, `checkpoint.pt` and `log.jsonl`, made if missing.
        resume: go on from the folder's checkpoint; the result is the same as without the break.
        threads: of the processor; None for as many as the process may use.

    Raises:
        RecipeError: the data or the checkpoint does not fit the recipe.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(threads or allowed_threads())
    with whole_file(run / RECIPE, overwrite=True) as file:
        file.write_text(as_toml(recipe), "utf-8")
    state = states.load(run / CHECKPOINT, recipe) if resume else states.begin(recipe)
    validation = [pair for folder in recipe.validation.pairs for pair in find_pairs(Path(folder))]
    facts = manifest_of(state.average, recipe, name="average")
    restorer = Restorer(facts, TorchEngine(state.average, recipe.precision))
    _rewind_log(run, state.step)
    started, since = time.monotonic(), state.step
    for blurred, sharp in _batches(recipe, load_pictures(recipe), state.step):
        logged: dict[str, Any] = dict(training_step(state, blurred, sharp))
        schedule, last = recipe.schedule, state.step == recipe.schedule.steps
        if state.step % schedule.log_every == 0 or last:
            pace = (state.step - since) * recipe.data.batch / (time.monotonic() - started)
            _write_line(run, {"step": state.step, **logged, "crops_per_second": round(pace, 1)})
        if validation and (state.step % recipe.validation.every == 0 or last):
            _write_line(run, {"step": state.step, **validate(restorer, validation)})
        if state.step % schedule.checkpoint_every == 0 or last:
            states.save(state, run / CHECKPOINT)
    return state


def validate(restorer: Restorer, pairs: list[Pair]) -> dict[str, float]:
    """Mean PSNR of a model and of the blurred input, per dataset, through the Restorer that users run."""
    evaluation = evaluate(pairs, {"average": restorer}, metrics=("psnr",))
    means = {
        f"{dataset}_{name}": evaluation.mean(model, "psnr", dataset)
        for dataset in evaluation.datasets
        for model, name in (("average", "psnr"), (INPUT, "input_psnr"))
    }
    return means | {"least_gain": min(evaluation.gains("average", "psnr"))}


def _batches(recipe: Recipe, pictures: Pictures, step: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches from `step` on; samples are addressed by number, so a break changes nothing."""
    whole = TrainingSet(recipe, pictures)
    rest = Subset(whole, range(step * recipe.data.batch, len(whole)))
    workers = recipe.data.workers
    return iter(
        DataLoader(rest, batch_size=recipe.data.batch, num_workers=workers, prefetch_factor=4 if workers else None)
    )


def _rewind_log(run: Path, step: int) -> None:
    """Drop what was logged after the checkpoint: it will be logged again."""
    if (run / LOG).exists():
        lines = (run / LOG).read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        with whole_file(run / LOG, overwrite=True) as file:
            file.write_text("".join(kept), "utf-8")


def _write_line(run: Path, content: dict[str, Any]) -> None:
    with (run / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")
    log.info(" ".join(f"{key} {value:.5g}" for key, value in content.items()))
