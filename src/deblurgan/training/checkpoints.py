"""A checkpoint file as a model: exported once into the cache, then run like any other."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from deblurgan import __version__, networks
from deblurgan import manifest as manifests
from deblurgan.catalogue import ModelFolder
from deblurgan.training.export import export, manifest_of

_LICENCE = "that of the checkpoint"


def as_model(path: Path) -> ModelFolder:
    """The model folder of a checkpoint, made in the cache when this version meets the checkpoint first.

    Args:
        path: an official `.h5` or `.pth`, or our safetensors.

    Raises:
        BrokenModel: the file is no checkpoint known here.
    """
    root = Path(os.environ.get("DEBLURGAN_CACHE") or platformdirs.user_cache_path("deblurgan"))
    folder = root / "checkpoints" / f"{manifests.checksum(path)[:20]}-{__version__}"
    if (folder / manifests.FILE_NAME).is_file():
        return ModelFolder(folder, manifests.load(folder))
    network = networks.load(path)
    return export(network, manifest_of(network, None, name=path.stem, licence=_LICENCE), folder)
