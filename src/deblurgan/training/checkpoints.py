"""A checkpoint file as a model: exported once into the cache, then run like any other."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from deblurgan import __version__, networks
from deblurgan import manifest as manifests
from deblurgan.catalogue import ModelFolder, cache_folder
from deblurgan.errors import BrokenModel
from deblurgan.training.export import export, manifest_of

_LICENCE = "that of the checkpoint"

logger = logging.getLogger(__name__)


def as_model(path: Path) -> ModelFolder:
    """The model folder of a checkpoint, made in the cache when this version meets the checkpoint first.

    Args:
        path: an official `.h5` or `.pth`, or our safetensors.

    Raises:
        BrokenModel: the file is no checkpoint known here.
    """
    folder = cache_folder() / "checkpoints" / f"{manifests.checksum(path)[:20]}-{__version__}"
    # What is not there, or cannot be read any more, is made anew.
    with contextlib.suppress(BrokenModel):
        return ModelFolder(folder, manifests.load(folder))
    network = networks.load(path)
    # As a warning, for nobody would see less, and wonder what takes so long.
    logger.warning("%s is made ready to run, which takes up to a minute; the next time it will be at hand.", path)
    return export(network, manifest_of(network, None, name=path.stem, licence=_LICENCE), folder)
