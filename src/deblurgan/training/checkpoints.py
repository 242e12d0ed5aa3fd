"""A checkpoint file as a model: exported once into the cache, then run like any other."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from deblurgan import manifest as manifests
from deblurgan import networks
from deblurgan.catalogue import ModelFolder
from deblurgan.training.export import export, manifest_of

_LICENCE = "that of the checkpoint"


def as_model(path: Path) -> ModelFolder:
    """The model folder of a checkpoint, made in the cache when the checkpoint is met for the first time.

    Args:
        path: an official `.h5` or `.pth`, or our safetensors.

    Raises:
        BrokenModel: the file is no checkpoint known here.
    """
    root = Path(os.environ.get("DEBLURGAN_CACHE") or platformdirs.user_cache_path("deblurgan"))
    folder = root / "checkpoints" / manifests.checksum(path)[:20]
    if (folder / manifests.FILE_NAME).is_file():
        return ModelFolder(folder, manifests.load(folder))
    network = networks.load(path)
    return export(network, manifest_of(network, None, name=path.stem, licence=_LICENCE), folder)
