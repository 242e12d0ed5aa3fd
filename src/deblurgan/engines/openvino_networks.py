"""A model's networks in the forms that OpenVINO's engine computes, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.openvino_blocks import on_blocks
from deblurgan.engines.openvino_compiled import DEVICE, Form
from deblurgan.engines.openvino_form import give_own_biases, merge_shuffles, take_in_half_precision
from deblurgan.engines.openvino_parts import Parts, exact_between_convolutions
from deblurgan.engines.protocol import ALL_PASSES
from deblurgan.engines.quantisation import Ranges, load_ranges, quantised, weight_reach
from deblurgan.errors import BrokenModel


def is_on_x86(core: Any) -> bool:
    """Whether OpenVINO computes on an x86-64 processor; what pays there was not measured on others."""
    return bool(core.get_property(DEVICE, "DEVICE_ARCHITECTURE") == "intel64")


def is_in_parts(model: ModelFolder, precision: str) -> bool:
    """Whether a model is computed part by part, each in a precision of its own."""
    return precision == "bf16" and "decoder" in model.manifest.files


def networks_of(core: Any, model: ModelFolder, precision: str) -> Callable[[Form], Any]:
    """What gives the network of a form, of free shape: OpenVINO's `Model`, or `Parts`.

    Args:
        core: an OpenVINO `Core`.
        model: whose files are read once they are needed.
        precision: 'f32', 'bf16' or 'int8'; a form in int8 can be had in any case.

    Raises:
        BrokenModel: the model is incomplete or damaged; or int8 is asked for and it was not calibrated.
    """
    parts = is_in_parts(model, precision)
    # It takes less time and memory.
    merges = precision == "f32" and is_on_x86(core)

    @cache
    def read(kind: str, *, merged: bool) -> Any:
        network = core.read_model(model.file(kind))
        give_own_biases(network)
        if kind == "pass":
            take_in_half_precision(network, 1)
        if merged:
            merge_shuffles(network)
        return network

    @cache
    def calibration() -> tuple[Ranges, float]:
        return _ranges_of(model), weight_reach(core)

    @cache
    def network(form: Form) -> Any:
        if form.blocks is not None:
            coding = None if form.blocks == "rgb" else form.blocks
            adds = form.number != ALL_PASSES
            return on_blocks(network(form._replace(blocks=None)), model.manifest.value_range, coding, adds=adds)
        if parts:
            backbone, rest = (read(kind, merged=False) for kind in ("backbone", "decoder"))
            return Parts(core, backbone, exact_between_convolutions(core, rest))
        exact = read("onnx" if form.number == ALL_PASSES else "pass", merged=merges and not form.in_int8)
        return quantised(exact, *calibration()) if form.in_int8 else exact

    # A damaged model is found out now, not with the first picture.
    if precision == "int8":
        calibration()
    for kind in ("backbone", "decoder") if parts else ("onnx", "ranges"):
        if kind in model.manifest.files:
            model.file(kind)
    return network


def _ranges_of(model: ModelFolder) -> Ranges:
    if "ranges" not in model.manifest.files:
        raise BrokenModel(
            f"Model {model.manifest.name!r} has no ranges file, which int8 needs; use --precision auto, or export "
            "it with --calibrate."
        )
    return load_ranges(model.file("ranges"))
