"""Export a network into a model folder: ONNX, manifest, and a check that it agrees."""

from __future__ import annotations

import copy
import dataclasses
import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from deblurgan import manifest as manifests
from deblurgan import tiling
from deblurgan.catalogue import ModelFolder
from deblurgan.engines import ENGINES, open_engine
from deblurgan.errors import BrokenModel
from deblurgan.manifest import Manifest
from deblurgan.networks import FPNGenerator, as_engines_compute, live_parameters, macs_per_pixel, reach_of
from deblurgan.networks.normalisation import fill, uses_picture_statistics
from deblurgan.training.settings import Recipe
from deblurgan.training.torch_engine import TorchEngine, weights_of
from deblurgan.whole import whole_file

if TYPE_CHECKING:
    import onnx

ONNX_FILE = "model.onnx"
# In [-1, 1], as the networks give it, a thousandth.
TOLERANCE = 5e-4
_OPSET = 18
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
        network: the generator; its receptive field is measured.
        recipe: that trained it; None if it was not trained here.
        name: of the model.
        version: of the weights.
        trained_on: sources of the data, with their licences.
        licence: of the weights.
    """
    multiple = network.size_multiple
    per_image = uses_picture_statistics(network)
    reach = None if per_image else reach_of(network.eval().change_of, multiple)
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
        halo=reach or 0,
        parameters=sum(weights.numel() for weights in network.parameters()),
        live_parameters=live_parameters(network),
        macs_per_pixel=macs_per_pixel(network, multiple),
        backbone_macs_per_pixel=macs_per_pixel(network, multiple, part="backbone"),
        scale=network.scale,
        # The pixels of every smaller picture must be the same ones in each tile.
        tile_grid=multiple * 2 ** (network.recurrent_scales - 1),
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
        folder: to write; an older model in it is replaced.

    Raises:
        BrokenModel: an engine's output differs from the network's by more than the tolerance.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = _as_onnx(as_engines_compute(network), facts)
    # Normalisation by the statistics of the picture magnifies the rounding of weights.
    if facts.statistics == "fixed":
        _store_as_float16(program)
    _forget_origin(program)
    with whole_file(folder / ONNX_FILE, overwrite=True) as file:
        file.write_bytes(program.SerializeToString())
    facts = dataclasses.replace(facts, files={"onnx": manifests.describe_file(folder / ONNX_FILE)})
    manifests.save(facts, folder)
    model = ModelFolder(folder, facts)
    verify(model, network)
    return model


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
    expected = TorchEngine(network).run(batch)
    for name, entry in ENGINES.items():
        if not entry.installed:
            continue
        engine = open_engine(model, name, precision="f32")
        difference = float(np.abs(engine.run(batch) - expected).max()) / (high - low)
        engine.close()
        if not difference <= TOLERANCE:
            raise BrokenModel(f"In {name}, {model.path} differs from its network by {difference:.2g}.")


def _as_onnx(network: nn.Module, facts: Manifest) -> onnx.ModelProto:
    """Convert with free batch and size."""
    multiple = facts.size_multiple
    # Sizes of one block would be taken for constants, and so would equal sizes for the same one.
    least = [max(1, side // multiple) for side in facts.minimum_size]
    batch = torch.export.Dim("batch", min=1)
    rows, columns = (
        torch.export.Dim(axis, min=side) for axis, side in zip(("rows", "columns"), least, strict=True)
    )
    example = torch.zeros(2, 3, (least[0] + 2) * multiple, (least[1] + 3) * multiple)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network.eval(),
            (example,),
            dynamo=True,
            input_names=["blurred"],
            output_names=["sharp"],
            dynamic_shapes=({0: batch, 2: multiple * rows, 3: multiple * columns},),
            opset_version=_OPSET,
            # Merging equal weights would lose names, and the names are how weights are read back.
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise BrokenModel("PyTorch could not convert the network to ONNX.")
    return program.model_proto


def _store_as_float16(program: onnx.ModelProto) -> None:
    """Keep each float32 weight as float16 under its name, with a cast in front of its readers."""
    import onnx

    graph, casts = program.graph, []
    for tensor in graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        name, values = tensor.name, onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(onnx.helper.make_node("Cast", [name], [f"{name}:f32"], to=onnx.TensorProto.FLOAT))
        for node in graph.node:
            node.input[:] = [f"{name}:f32" if read == name else read for read in node.input]
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _forget_origin(program: onnx.ModelProto) -> None:
    """Drop the exporter's notes: they hold paths of the machine it ran on."""
    del program.metadata_props[:]
    del program.graph.metadata_props[:]
    del program.graph.value_info[:]
    program.doc_string = program.graph.doc_string = ""
    for entry in (
        *program.graph.node,
        *program.graph.input,
        *program.graph.output,
        *program.graph.initializer,
    ):
        del entry.metadata_props[:]
        entry.doc_string = ""
