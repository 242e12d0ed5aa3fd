"""The training loop: data in, steps, log lines, validations, checkpoints."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset

from deblurgan.engines.threads import allowed_threads
from deblurgan.errors import RecipeError, UnwritableTarget
from deblurgan.evaluation import INPUT, evaluate
from deblurgan.pairs import Pair, joined_pairs
from deblurgan.restore import Restorer
from deblurgan.training import state as states
from deblurgan.training.dataset import TrainingSet
from deblurgan.training.devices import any_process, connect
from deblurgan.training.export import manifest_of
from deblurgan.training.pictures import Pictures, load_pictures, refuse_missing
from deblurgan.training.run_folder import BEST, LAST, RunFolder
from deblurgan.training.settings import Recipe
from deblurgan.training.state import TrainingState
from deblurgan.training.step import training_step
from deblurgan.training.stopping import leave_stopping_to_the_parent
from deblurgan.training.torch_engine import TorchEngine

if TYPE_CHECKING:
    from lightning_fabric import Fabric

log = logging.getLogger(__name__)


def train(
    recipe: Recipe,
    folder: Path,
    *,
    resume: bool = False,
    threads: int | None = None,
    fabric: Fabric | None = None,
    minutes: float | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingState:
    """Run a recipe to its end, in a folder that holds all there is to know of the training.

    Args:
        recipe: the settings.
        folder: a run folder, made if missing; see `deblurgan.training.run_folder`.
        resume: go on from the folder's newest checkpoint; the result is the same as without the break.
        threads: of the processor; None for as many as the process may use.
        fabric: where to run; None for this process on the processor.
        minutes: stop after this time, with a checkpoint; None to run to the recipe's end.
        stop: asked after each step; when it says so, stop, with a checkpoint and without a validation.

    Raises:
        RecipeError: the data or the checkpoint does not fit the recipe.
        PairError: pairs to validate on are missing, do not match up, or cannot be read.
        TrainingFailed: the loss is no longer a number.
        UnwritableTarget: the folder holds a training that is not to be resumed, or cannot be written, for want of
            space for one.
    """
    torch.set_num_threads(threads or allowed_threads())
    fabric = fabric or connect(accelerator="cpu")
    run = RunFolder(folder, leads=fabric.is_global_zero)
    # One process looks, before it writes anything, and all stop: none may wait for another that has gone.
    if not resume and fabric.broadcast(run.holds_training()):
        raise UnwritableTarget(f"{folder} holds a training; go on from it with --resume, or give another folder.")
    refuse_missing(recipe)
    validation = joined_pairs(recipe.validation.pairs)
    # What cannot be measured is to be said now, not when hours have been trained.
    evaluate(validation, {}, metrics=("psnr",)).refuse_gaps()
    state = states.load(run.newest(), recipe, fabric) if resume else states.begin(recipe, fabric)
    _refuse_fewer_steps(recipe, state.step)
    if state.step == recipe.schedule.steps:
        log.info("All %d steps are made; for more, give schedule.steps a larger number.", state.step)
    pictures = load_pictures(recipe)
    run.open(recipe)
    run.rewind(state.step)
    restorer = Restorer(
        manifest_of(state.average, recipe, name="average"), TorchEngine(state.average, recipe.precision)
    )
    pace = _Pace(recipe, state.step, minutes)
    for blurred, sharp in pace.watched(batches(recipe, pictures, state.step, fabric)):
        sides = (side.to(fabric.device, non_blocking=True) for side in (blurred, sharp))
        logged = training_step(state, *sides)
        schedule, stopped = recipe.schedule, any_process(fabric, stop())
        ends = state.step == schedule.steps or any_process(fabric, pace.is_over())
        last = ends or stopped
        if state.step % schedule.log_every == 0 or last:
            run.log({"step": state.step, **logged, **pace.figures(state.step)})
        run.show_progress(state.step, schedule.steps, logged["loss"])
        with pace.aside():
            # Who stops a training does not want to wait for a validation that is not due.
            if validation and (state.step % recipe.validation.every == 0 or ends):
                _validate(state, run, restorer, validation)
            if state.step % schedule.checkpoint_every == 0 or last:
                run.save(state, LAST)
        if last:
            break
    run.close()
    fabric.barrier()
    return state


def validate(restorer: Restorer, pairs: list[Pair]) -> dict[str, float]:
    """Mean PSNR of a model and of the blurred input, per dataset, through the Restorer that users run.

    Raises:
        PairError: a picture cannot be read, or the model makes nothing of it.
    """
    evaluation = evaluate(pairs, {"average": restorer}, metrics=("psnr",))
    evaluation.refuse_gaps()
    means = {
        f"{dataset}_{name}": evaluation.mean(model, "psnr", dataset)
        for dataset in evaluation.datasets
        for model, name in (("average", "psnr"), (INPUT, "input_psnr"))
    }
    gains = evaluation.gains("average", "psnr")
    return means | {"mean_gain": sum(gains) / len(gains), "least_gain": min(gains)}


def _validate(state: TrainingState, run: RunFolder, restorer: Restorer, pairs: list[Pair]) -> None:
    """Measure the averaged weights, and keep them if they are the best so far; one process does it for all."""
    if run.leads:
        figures = validate(restorer, pairs)
        run.log({"step": state.step, **figures})
        run.keep_samples(state.step, restorer, pairs[: state.recipe.validation.samples])
        if figures["mean_gain"] > state.best:
            state.best = figures["mean_gain"]
            run.save(state, BEST)
    state.fabric.barrier()


def _refuse_fewer_steps(recipe: Recipe, made: int) -> None:
    steps = recipe.schedule.steps
    if made > steps:
        raise RecipeError(
            f"Recipe {recipe.name!r}: schedule.steps is {steps}, but {made} are made; give a larger number."
        )


class _Pace:
    """How fast a training goes, how long it waits for data, and whether its time is over."""

    def __init__(self, recipe: Recipe, step: int, minutes: float | None) -> None:
        self._batch, self._first = recipe.data.batch, step
        self._started, self._waited, self._aside = time.monotonic(), 0.0, 0.0
        self._allowed = float("inf") if minutes is None else 60 * minutes

    def watched(self, batches: Iterable[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        """The same batches; the clock starts when the first one is there."""
        iterator = iter(batches)
        batch = next(iterator, None)
        self._started = time.monotonic()
        while batch is not None:
            yield batch
            asked = time.monotonic()
            batch = next(iterator, None)
            self._waited += time.monotonic() - asked

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is done in the block is not training, and its time does not count in the figures."""
        began = time.monotonic()
        yield
        self._aside += time.monotonic() - began

    def figures(self, step: int) -> dict[str, float]:
        """Crops per second and the share of the time spent waiting for them, since the start of this process."""
        passed = time.monotonic() - self._started - self._aside
        crops = (step - self._first) * self._batch
        return {"crops_per_second": round(crops / passed, 1), "waiting": round(self._waited / passed, 4)}

    def is_over(self) -> bool:
        """Whether the allowed time has passed."""
        return time.monotonic() - self._started > self._allowed


def batches(recipe: Recipe, pictures: Pictures, step: int, fabric: Fabric) -> Iterator[tuple[Tensor, Tensor]]:
    """The share of one process in each batch from `step` on, (blurred, sharp), each [N, 3, crop, crop] in [-1, 1].

    Samples are addressed by number, so a break changes nothing, and neither does the number of processes.
    """
    whole, batch = TrainingSet(recipe, pictures), recipe.data.batch
    if batch % fabric.world_size:
        raise RecipeError(f"data.batch is {batch}; it must divide into {fabric.world_size} processes.")
    share = batch // fabric.world_size
    first = fabric.global_rank * share
    mine = [index for index in range(step * batch, len(whole)) if first <= index % batch < first + share]
    workers = recipe.data.workers
    return iter(
        DataLoader(
            Subset(whole, mine),
            batch_size=share,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            pin_memory=fabric.device.type == "cuda",
            worker_init_fn=leave_stopping_to_the_parent,
        )
    )
