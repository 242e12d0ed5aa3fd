"""The models at hand: a name or a path becomes a verified model folder; nothing is fetched."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import platformdirs

from deblurgan import manifest
from deblurgan.errors import BrokenModel, UnknownModel
from deblurgan.extras import require
from deblurgan.manifest import Manifest

# By name, since only this one case of a model's path needs torch.
_CHECKPOINTS = "deblurgan.training.checkpoints"

BUNDLED = Path(__file__).parent / "models"

RUN_FILES = ("recipe.toml", "environment.json")
"""What tells the folder of a training from one of pictures, for it holds these, too: recipe and environment."""

DEFAULT = "default"
"""The model where nobody names one."""


@dataclass(frozen=True)
class ModelFolder:
    """A folder with a model in it.

    Attributes:
        path: of the folder.
        manifest: its facts.
    """

    path: Path
    manifest: Manifest

    def file(self, kind: str) -> Path:
        """Path of one of the model's files, after comparing its checksum.

        Raises:
            BrokenModel: the model has no such file, or the file was altered.
        """
        entry = self.manifest.files.get(kind)
        if entry is None:
            known = ", ".join(sorted(self.manifest.files))
            raise BrokenModel(f"Model {self.manifest.name!r} has no {kind} file, only {known}.")
        path = self.path / entry.path
        if not path.is_file():
            raise BrokenModel(f"Model {self.manifest.name!r} lacks its file {path}; install it again.")
        if manifest.checksum(path) != entry.sha256:
            raise BrokenModel(f"{path} is damaged: its checksum is not the manifest's; install the model again.")
        return path


@dataclass(frozen=True)
class Catalogue:
    """Where models are looked for by name, first folder first.

    Attributes:
        folders: each holds one folder per model.
    """

    folders: tuple[Path, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names that can be asked for: the default first, then by the alphabet."""
        found = (path.parent.name for root in self.folders for path in root.glob(f"*/{manifest.FILE_NAME}"))
        return tuple(sorted(set(found), key=lambda name: (name != DEFAULT, name)))

    def find(self, model: str | Path | None = None) -> ModelFolder:
        """Look a model up.

        Args:
            model: a name, the path of a model folder or of the ONNX file in it, or that of a checkpoint file,
                which the `train` extra turns into a folder; None for `DEBLURGAN_MODEL` or 'default'.

        Raises:
            UnknownModel: nothing answers to it.
            BrokenModel: the folder's manifest or the checkpoint is wrong.
            MissingExtra: a checkpoint was given but the extra is not installed.
        """
        wanted = str(model or os.environ.get("DEBLURGAN_MODEL") or DEFAULT)
        candidates = [root / wanted for root in self.folders] if Path(wanted).name == wanted else []
        place = Path(wanted)
        for folder in (*candidates, place.parent if place.suffix == ".onnx" else place):
            if (folder / manifest.FILE_NAME).is_file():
                return ModelFolder(folder, manifest.load(folder))
        if place.suffix == ".onnx" and place.is_file():
            raise BrokenModel(f"{place} has no {manifest.FILE_NAME} beside it, which says how it is to be run.")
        if place.is_file():
            require("train", "A checkpoint as a model")
            as_model: Callable[[Path], ModelFolder] = importlib.import_module(_CHECKPOINTS).as_model
            return as_model(place)
        if is_run_folder(place):
            raise UnknownModel(
                f"{place} is the folder of a training; make a model of it with: deblurgan export {place} -o MODEL."
            )
        known = ", ".join(self.names) or "none"
        raise UnknownModel(f"No model is called {wanted!r} and no model folder is there; known: {known}.")


def is_run_folder(folder: Path) -> bool:
    """Whether a folder is one that a training has left."""
    return all((folder / name).is_file() for name in RUN_FILES)


def installed() -> Catalogue:
    """The models that came with the package, and those the user put into their data folder."""
    return Catalogue((BUNDLED, platformdirs.user_data_path("deblurgan") / "models"))


def find(model: str | Path | None = None) -> ModelFolder:
    """Look a model up among the installed ones; see `Catalogue.find`."""
    return installed().find(model)


def available_models() -> tuple[str, ...]:
    """Names of the installed models, as `Catalogue.names` orders them."""
    return installed().names


def cache_folder() -> Path:
    """Where what can be made again is put: `DEBLURGAN_CACHE`, or the system's place for it."""
    return Path(os.environ.get("DEBLURGAN_CACHE") or platformdirs.user_cache_path("deblurgan"))
