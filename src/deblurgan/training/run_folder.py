"""The folder of a training: recipe, environment, log, sample pictures and checkpoints, none of them half."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import logging
import platform
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from deblurgan import image
from deblurgan.catalogue import RUN_FILES
from deblurgan.errors import UnwritableTarget
from deblurgan.pairs import Pair
from deblurgan.restore import Restorer
from deblurgan.training import parcels
from deblurgan.training import state as states
from deblurgan.training.recipe import as_toml
from deblurgan.training.settings import Recipe
from deblurgan.whole import write_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LAST = "last.pt"
BEST = "best.pt"
LOG = "log.jsonl"
RECIPE, ENVIRONMENT = RUN_FILES
SAMPLES = "samples"
_PACKAGES = ("deblurgan", "torch", "timm", "numpy", "lightning-fabric")

log = logging.getLogger(__name__)


class RunFolder:
    """What a training leaves behind.

    Args:
        folder: made if missing.
        leads: whether this process is the one that writes.
    """

    def __init__(self, folder: Path, *, leads: bool) -> None:
        self.folder = folder
        self.leads = leads
        self._bar: tqdm[Any] | None = None
        self._board: SummaryWriter | None = None

    def holds_training(self) -> bool:
        """Whether checkpoints are there, which a training from the start would replace."""
        return self.newest().exists()

    def newest(self) -> Path:
        """The checkpoint to go on from: the last one, or the best where a training was cut short before that."""
        last, best = self.folder / LAST, self.folder / BEST
        return best if best.exists() and not last.exists() else last

    def take_in(self, carried: Path) -> None:
        """Put the checkpoint that a folder carries in the place of the last one, unless ours is further on.

        Args:
            carried: what `parcels.split` wrote, or an empty folder, or none.

        Raises:
            TrainingFailed: parts are missing or altered.
            BrokenModel: one of the checkpoints is damaged.
        """
        if not self.leads:
            return
        arrived = self.folder / "carried.pt"
        if not parcels.join(carried, arrived):
            return
        try:
            theirs = states.steps_in(arrived)
            if self.holds_training() and (ours := states.steps_in(self.newest())) >= theirs:
                log.info("Going on from %s, at step %d; %s is at %d.", self.newest(), ours, carried, theirs)
            else:
                arrived.replace(self.folder / LAST)
        finally:
            arrived.unlink(missing_ok=True)

    def open(self, recipe: Recipe) -> None:
        """Write down the recipe and what it runs on."""
        if not self.leads:
            return
        self._write(RECIPE, as_toml(recipe))
        self._write(ENVIRONMENT, json.dumps(_environment(), indent=2) + "\n")
        if importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(self.folder))

    def rewind(self, step: int) -> None:
        """Drop what was logged after a step: it will be logged again."""
        path = self.folder / LOG
        if self.leads and path.exists():
            lines = path.read_text("utf-8").splitlines(keepends=True)
            self._write(LOG, "".join(line for line in lines if _step_of(line) <= step))

    def log(self, content: dict[str, Any]) -> None:
        """Add one JSON object to the log."""
        if not self.leads:
            return
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps(content) + "\n")
        except OSError as error:
            raise UnwritableTarget(f"{self.folder / LOG} cannot be written ({error.strerror}).") from error
        log.info(" ".join(f"{key} {value:.5g}" for key, value in content.items()))
        if self._board is not None:
            for key, value in content.items():
                self._board.add_scalar(key, value, content["step"])

    def show_progress(self, step: int, steps: int, loss: float) -> None:
        """Move the bar on a terminal; there is none elsewhere."""
        if not (self.leads and sys.stderr.isatty()):
            return
        if self._bar is None:
            self._bar = tqdm(total=steps, initial=step - 1, unit="step", dynamic_ncols=True)
        self._bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
        self._bar.update()

    def keep_samples(self, step: int, restorer: Restorer, pairs: list[Pair]) -> None:
        """Write blurred, restored and sharp side by side, a file per pair and step."""
        names = Counter(pair.name for pair in pairs)
        for pair in pairs:
            name = pair.name if names[pair.name] == 1 else f"{pair.dataset}/{pair.name}"
            blurred, sharp = (image.read(path).pixels for path in (pair.blurred, pair.sharp))
            restored = restorer(blurred).pixels
            target = self.folder / SAMPLES / f"{name.replace('/', '_')}_{step:07d}.png"
            image.write(image.Image(np.concatenate([blurred, restored, sharp], axis=1)), target, overwrite=True)

    def save(self, state: states.TrainingState, name: str) -> None:
        """Write a checkpoint."""
        if self.leads:
            states.save(state, self.folder / name)

    def close(self) -> None:
        """Finish the bar and the board."""
        if self._bar is not None:
            self._bar.close()
        if self._board is not None:
            self._board.close()

    def _write(self, name: str, text: str) -> None:
        write_whole(self.folder / name, text.encode(), overwrite=True)


def _step_of(line: str) -> float:
    """The step of a log line; a line that a kill cut short counts as later than all."""
    try:
        return float(json.loads(line)["step"])
    except ValueError:
        return float("inf")


def _environment() -> dict[str, str]:
    versions = {name: _version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "platform": platform.platform(), **versions}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
