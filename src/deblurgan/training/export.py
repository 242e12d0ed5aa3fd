"""Export a network into a model folder: ONNX, manifest, and a check that it agrees."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from deblurgan import manifest as manifests
from deblurgan import tiling
from deblurgan.catalogue import ModelFolder
from deblurgan.engines import ENGINES, Engine, open_engine
from deblurgan.errors import BrokenModel
from deblurgan.manifest import Manifest
from deblurgan.networks import (
    FPNGenerator,
    as_engines_compute,
    live_parameters,
    macs_per_pixel,
    noticeable_reach_of,
    reach_of,
)
from deblurgan.networks.normalisation import fill, uses_picture_statistics
from deblurgan.networks.rounding import decoder_bears_bf16
from deblurgan.training.onnx_program import joined, part_programs, pass_program, read_from, whole_program
from deblurgan.training.settings import Recipe
from deblurgan.training.torch_engine import TorchEngine, weights_of
from deblurgan.whole import whole_folder, write_whole

ONNX_FILE, PASS_FILE = "model.onnx", "pass.onnx"
PARTS = ("backbone", "decoder")
# In [-1, 1], as the networks give it, a thousandth.
TOLERANCE = 5e-4
_MODEL_LICENCE = "Apache-2.0"
_CITE = "deblurgan; after Kupyn et al., DeblurGAN-v2, ICCV 2019"


def manifest_of(
    network: FPNGenerator,
    recipe: Recipe | None,
    *,
    name: str,
    version: str = "1",
    trained_on: tuple[str, ...] = (),
    licence: str = _MODEL_LICENCE,
) -> Manifest:
    """The manifest of a network that `networks.build` or `networks.load` made, without files and figures.

    Args:
        network: the generator; how far it sees is measured.
        recipe: that trained it; None if it was not trained here.
        name: of the model.
        version: of the weights.
        trained_on: sources of the data, with their licences.
        licence: of the weights.
    """
    multiple = network.size_multiple
    per_image = uses_picture_statistics(network)
    reach = None if per_image else reach_of(network.eval().change_of, multiple)
    halo = 0 if reach is None else noticeable_reach_of(network.change_of, multiple, most=reach)
    return Manifest(
        name=name,
        version=version,
        files={},
        architecture=network.architecture,
        options=network.options,
        backbone=network.backbone.name,
        value_range=(-1.0, 1.0),
        size_multiple=multiple,
        minimum_size=network.minimum_size,
        statistics="per-image" if per_image else "fixed",
        tiling="free" if reach is not None else "whole",
        halo=halo,
        parameters=sum(weights.numel() for weights in network.parameters()),
        live_parameters=live_parameters(network),
        macs_per_pixel=macs_per_pixel(network, multiple),
        backbone_macs_per_pixel=macs_per_pixel(network, multiple, part="backbone"),
        scale=network.scale,
        recurrent_scales=network.recurrent_scales,
        licence=licence,
        trained_on=trained_on,
        recipe_digest=recipe.digest() if recipe else "",
        cite=_CITE,
    )


def export(network: nn.Module, facts: Manifest, folder: Path) -> ModelFolder:
    """Write a model folder and compare it with the network through every engine at hand.

    Args:
        network: maps [N, 3, H, W] in the manifest's value range to the same shape.
        facts: its manifest; `files` is filled in here.
        folder: to write; an older model in it is replaced, and other files in it stay.

    Raises:
        BrokenModel: an engine's output differs from the network's by more than the tolerance; then nothing is
            written.
        UnwritableTarget: the folder cannot be written.
    """
    programs = _programs(network, facts)
    with whole_folder(folder, last=manifests.FILE_NAME) as place:
        for name, program in programs.values():
            write_whole(place / name, program)
        files = {kind: manifests.describe_file(place / name) for kind, (name, _) in programs.items()}
        facts = dataclasses.replace(facts, files=files)
        manifests.save(facts, place)
        verify(ModelFolder(place, facts), network)
    return ModelFolder(folder, facts)


def _programs(network: nn.Module, facts: Manifest) -> dict[str, tuple[str, bytes]]:
    """Name and content of each file by its kind; the others read their weights out of the whole network's."""
    form = as_engines_compute(network)
    multiple, minimum = facts.size_multiple, facts.minimum_size
    if facts.statistics == "fixed":
        whole = whole_program(form, multiple, minimum, half=True).SerializeToString()
        programs = {"onnx": (ONNX_FILE, whole)}
        if facts.recurrent_scales > 1:
            assert isinstance(form, FPNGenerator)
            one_pass = pass_program(form, whole=whole, location=ONNX_FILE)
            programs["pass"] = (PASS_FILE, one_pass.SerializeToString())
        return programs
    # Normalisation by the statistics of the picture magnifies the rounding of weights.
    if not (isinstance(network, FPNGenerator) and decoder_bears_bf16(network)):
        return {"onnx": (ONNX_FILE, whole_program(form, multiple, minimum, half=False).SerializeToString())}
    assert isinstance(form, FPNGenerator)
    parts = part_programs(form)
    whole = joined(*parts).SerializeToString()
    for part in parts:
        read_from(part, whole, ONNX_FILE)
    files = {kind: (f"{kind}.onnx", part.SerializeToString()) for kind, part in zip(PARTS, parts, strict=True)}
    return {"onnx": (ONNX_FILE, whole), **files}


def verify(model: ModelFolder, network: nn.Module) -> None:
    """Compare a model folder, in float32, with the network, given the weights as it stores them.

    Raises:
        BrokenModel: an engine's output differs by more than `TOLERANCE` of the value range.
    """
    facts = model.manifest
    height, width = tiling.SizeRule(facts.size_multiple, facts.minimum_size).fit((128, 256))
    low, high = facts.value_range
    batch = np.random.default_rng(0).uniform(low, high, (1, 3, height, width)).astype(np.float32)
    network = copy.deepcopy(network)
    fill(network, weights_of(model))
    expected = _results(TorchEngine(network), batch, facts)
    for name, entry in ENGINES.items():
        if not entry.installed:
            continue
        engine = open_engine(model, name, precision="f32")
        differences = [np.abs(a - b).max() for a, b in zip(_results(engine, batch, facts), expected, strict=True)]
        engine.close()
        difference = float(max(differences)) / (high - low)
        if not difference <= TOLERANCE:
            raise BrokenModel(
                f"In {name}, model {facts.name!r} differs from its network by {difference:.2g}, where "
                f"{TOLERANCE:g} is allowed; it is not to be used."
            )


def _results(engine: Engine, batch: NDArray[np.float32], facts: Manifest) -> list[NDArray[np.float32]]:
    """What the network makes of a picture, and what one pass of it finds if it has several."""
    results = [engine.run(batch)]
    if facts.recurrent_scales > 1:
        change = np.empty_like(batch)
        engine.run_pass(facts.recurrent_scales, batch, batch[:, :, ::2, ::2] * np.float32(0.1), change)
        results.append(change)
    return results
