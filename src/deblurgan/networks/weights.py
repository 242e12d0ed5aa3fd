"""Networks in files: safetensors of ours, and official checkpoints, told apart by what is in them."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from torch import Tensor

from deblurgan.errors import BrokenModel, MissingExtra
from deblurgan.networks.generators import GENERATORS, FPNGenerator, build
from deblurgan.networks.normalisation import fill, set_statistics
from deblurgan.networks.official import load_official
from deblurgan.whole import whole_file

SAFETENSORS = ".safetensors"


def load(path: str | Path, statistics: str | None = None) -> FPNGenerator:
    """Read a generator from a file.

    Args:
        path: safetensors that `save` wrote, or an official `.h5` or `.pth`.
        statistics: where its normalisation takes its statistics from, "image" or "running"; None for
            what the file says, which for official ones is "image", as in official inference.

    Returns:
        the network in evaluation mode; maps [N, 3, H, W] in [-1, 1] to the same shape.

    Raises:
        BrokenModel: the file is missing, damaged, or of no network known here.
    """
    file = Path(path)
    if not file.is_file():
        raise BrokenModel(f"There is no file {file}.")
    network = _load_ours(file) if file.suffix == SAFETENSORS else load_official(file)
    if statistics is not None:
        set_statistics(network, statistics)
        if "statistics" in inspect.signature(GENERATORS[network.architecture]).parameters:
            network.options = network.options | {"statistics": statistics}
    return network.eval()


def save(network: FPNGenerator, path: Path, *, overwrite: bool = False) -> None:
    """Write a generator as safetensors, whole or not at all.

    Args:
        network: that `build` or `load` made.
        path: to write.
        overwrite: whether an older file may be replaced.

    Raises:
        UnwritableTarget: the file exists, or the system refuses it.
    """
    if network.architecture not in GENERATORS:
        raise ValueError("only networks that `build` made know how they can be built again")
    facts = {"architecture": network.architecture, "options": json.dumps(network.options)}
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    safetensors = _safetensors()
    with whole_file(path, overwrite=overwrite) as file:
        file.write_bytes(safetensors.save(weights, metadata=facts))


def _load_ours(path: Path) -> FPNGenerator:
    safetensors = _safetensors()
    import safetensors as container

    try:
        with container.safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
        weights: dict[str, Tensor] = safetensors.load_file(path)
    except (container.SafetensorError, OSError) as error:
        raise BrokenModel(f"{path} is not a safetensors file, or is damaged ({error}).") from None
    if facts.get("architecture") not in GENERATORS:
        raise BrokenModel(f"{path} does not say which network it holds; it was not written by deblurgan.")
    network = build(facts["architecture"], **json.loads(facts.get("options", "{}")))
    fill(network, weights)
    return network


def _safetensors() -> Any:
    try:
        import safetensors.torch
    except ImportError:
        raise MissingExtra("This file needs safetensors; run: pip install 'deblurgan[train]'.") from None
    return safetensors.torch
