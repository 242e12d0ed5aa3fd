"""Find the ranges that int8 needs: what each convolution of a network sees of real pictures."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from deblurgan import manifest as manifests
from deblurgan import networks
from deblurgan.catalogue import ModelFolder
from deblurgan.engines import ENGINES, open_engine
from deblurgan.errors import BrokenModel
from deblurgan.image import pictures_in, read
from deblurgan.networks import as_engines_compute
from deblurgan.networks.normalisation import fill
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.training.torch_engine import weights_of
from deblurgan.whole import write_whole

RANGES_FILE = "ranges.json"
LEAST_AGREEMENT = 40.0
"""PSNR in dB that int8 must reach against float32; below, it is not offered."""

_PICTURES, _SIDE = 24, 512


def calibrate(model: ModelFolder, folders: Sequence[Path]) -> ModelFolder:
    """Add the ranges for int8 to a model folder.

    Args:
        model: an exported model; its manifest is written anew.
        folders: of pictures such as the model will meet, blurred ones among them, one for each kind; some are
            drawn evenly from each.

    Returns:
        the model, with a file of kind 'ranges'.

    Raises:
        BrokenModel: a folder holds no pictures, the model normalises by statistics of the picture, or int8
            departs too far from float32.
    """
    facts = model.manifest
    if facts.statistics != "fixed":
        raise BrokenModel(f"Model {facts.name!r} normalises by each picture's statistics; int8 would break it.")
    kinds = [_crops(folder) for folder in folders]
    network = networks.build(facts.architecture, **facts.options)
    fill(network, weights_of(model))
    low, high = facts.value_range
    ranges = ranges_of(
        as_engines_compute(network), [[low + crop * (high - low) for crop in kind] for kind in kinds]
    )
    path = model.path / RANGES_FILE
    write_whole(path, (json.dumps(ranges, indent=1) + "\n").encode(), overwrite=True)
    files = facts.files | {"ranges": manifests.describe_file(path)}
    calibrated = ModelFolder(model.path, dataclasses.replace(facts, files=files))
    _verify(calibrated, [crop for kind in kinds for crop in kind])
    manifests.save(calibrated.manifest, calibrated.path)
    return calibrated


def ranges_of(
    network: nn.Module, kinds: Sequence[Sequence[NDArray[np.float32]]]
) -> dict[str, tuple[float, float]]:
    """Least and largest input of each convolution in all passes, for all kinds of pictures, by its weights' name.

    Of each kind the mean of the extremes, not the extreme of all: a rare peak that is cut costs less than coarser
    steps for everything else. Passes share a range, for the picture decides which of them finds how much.

    Args:
        network: as it is exported.
        kinds: of pictures, [h, w, 3] each, in the network's range of values, sides multiples of its last stride.
    """
    means = [_mean_extremes(network, kind) for kind in kinds]
    return {
        name: (round(min(mean[name][0] for mean in means), 6), round(max(mean[name][1] for mean in means), 6))
        for name in means[0]
    }


def _mean_extremes(network: nn.Module, pictures: Sequence[NDArray[np.float32]]) -> dict[str, tuple[float, float]]:
    of_all: dict[str, list[tuple[float, float]]] = defaultdict(list)
    of_this: dict[str, list[float]] = defaultdict(list)

    def watch(name: str, layer: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def look(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            of_this[f"{name}.weight"] += [float(inputs[0].min()), float(inputs[0].max())]

        return layer.register_forward_pre_hook(look)

    watched = [watch(name, layer) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    with torch.inference_mode():
        for picture in pictures:
            of_this.clear()
            network.eval()(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None])
            for name, seen in of_this.items():
                of_all[name].append((min(seen), max(seen)))
    for handle in watched:
        handle.remove()
    means = {name: np.mean(extremes, axis=0) for name, extremes in of_all.items()}
    return {name: (float(low), float(high)) for name, (low, high) in means.items()}


def _crops(folder: Path) -> list[NDArray[np.float32]]:
    """The middle of some pictures, float32 in [0, 1], sides multiples of 64."""
    found = pictures_in(folder, recursive=True)
    crops = []
    for path in found[:: max(1, len(found) // _PICTURES)]:
        pixels = read(path).pixels
        height, width = (min(_SIDE, side // 64 * 64) for side in pixels.shape[:2])
        top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
        crops.append(pixels[top : top + height, left : left + width])
    filled = [crop for crop in crops if crop.size]
    if not filled:
        raise BrokenModel(
            f"{folder} holds no pictures of 64x64 pixels or more to calibrate with; name a folder of photographs."
        )
    return filled


def _verify(model: ModelFolder, crops: Sequence[NDArray[np.float32]]) -> None:
    if not ENGINES["openvino"].installed:
        raise BrokenModel("Calibration is checked in OpenVINO; run: pip install 'deblurgan[openvino]'.")
    options = RestoreOptions(guard=False)
    exact, rounded = (
        Restorer(model.manifest, open_engine(model, "openvino", precision=precision))
        for precision in ("f32", "int8")
    )
    errors = [np.mean((exact(crop, options).pixels - rounded(crop, options).pixels) ** 2) for crop in crops]
    exact.close()
    rounded.close()
    agreement = -10 * np.log10(max(float(np.mean(errors)), 1e-12))
    if agreement < LEAST_AGREEMENT:
        raise BrokenModel(
            f"In int8, model {model.manifest.name!r} is only within {agreement:.1f} dB of float32, so it is not "
            f"offered; {LEAST_AGREEMENT:g} dB would do."
        )
