"""Let OpenVINO compute a network's convolutions in int8, from the ranges that calibration found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.errors import BrokenModel

Ranges = Mapping[str, tuple[float, float]]
"""Least and largest input of each convolution, by the name of its weights."""

_LEVELS = 256
_TINY = 1e-12
_PROBED = 64  # channels, as many as it takes for vector instructions


def load_ranges(path: Path) -> Ranges:
    """Read what `training.calibration` wrote.

    Raises:
        BrokenModel: it is something else.
    """
    try:
        return {
            name: (float(low), float(high)) for name, (low, high) in json.loads(path.read_text("utf-8")).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise BrokenModel(f"{path} holds no ranges ({error}); export the model again with --calibrate.") from error


def weight_reach(core: Any) -> float:
    """Of which multiple of the largest weight the levels of weights are to reach, for sums to be right.

    Processors without VNNI add two products in 16 bits, which are too few for two of the largest: there, weights
    are to use half of the levels only.

    Args:
        core: an OpenVINO `Core`.
    """
    import openvino
    from openvino import opset13

    ends, ones = (np.float32(0), np.float32(1)), np.ones((1, _PROBED, 8, 8), np.float32)
    probe = opset13.parameter(ones.shape, np.float32)
    seen = opset13.fake_quantize(probe, *ends, *ends, _LEVELS)
    weights = rounded_weights(np.ones((_PROBED, _PROBED, 1, 1), np.float32), 1.0)
    sums = opset13.convolution(seen, weights, [1, 1], [0, 0], [0, 0], [1, 1])
    found = core.compile_model(openvino.Model([sums], [probe]), "CPU", {"INFERENCE_NUM_THREADS": 1})(ones)[0]
    return 1.0 if found.min() > 0.9 * _PROBED else 2.0


def quantised(network: Any, ranges: Ranges, reach: float) -> Any:
    """A copy of an OpenVINO `Model` whose convolutions see inputs and weights rounded to eight bits.

    Inputs that are never negative use all 256 levels above zero, others lie symmetrically around it; weights have
    a scale for each output channel. OpenVINO turns this into integer arithmetic where the processor has it.

    Args:
        network: of all passes, or of one.
        ranges: of all.
        reach: of the weights, as `weight_reach` gives it.

    Raises:
        BrokenModel: a convolution has no range.
    """
    from openvino import opset13

    network = network.clone()
    for node in network.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        weights = weights_of(node)
        name = weights.get_friendly_name()
        if name not in ranges:
            raise BrokenModel(f"No range is known for {name}; export with --calibrate.")
        low, high = _symmetric(*ranges[name])
        ends = np.float32(low), np.float32(high)
        rounded = opset13.fake_quantize(node.input_value(0), *ends, *ends, _LEVELS)
        node.input(0).replace_source_output(rounded.output(0))
        node.input(1).replace_source_output(rounded_weights(weights.data, reach).output(0))
    network.validate_nodes_and_infer_types()
    return network


def rounded_weights(values: NDArray[Any], reach: float) -> Any:
    """OpenVINO's node for weights, [outputs, inputs, h, w], rounded to 255 levels for each output.

    Args:
        values: of the weights.
        reach: multiple of an output's largest weight that its levels reach to.
    """
    from openvino import opset13

    values = values.astype(np.float32)
    largest = np.float32(reach) * (np.abs(values).max(axis=(1, 2, 3), keepdims=True) + np.float32(_TINY))
    return opset13.fake_quantize(opset13.constant(values), -largest, largest, -largest, largest, _LEVELS - 1)


def reach_of(convolution: Any) -> float | None:
    """The reach of a convolution's weights if they are what `rounded_weights` gave, else None."""
    rounded = convolution.input_value(1).get_node()
    if rounded.get_type_name() != "FakeQuantize":
        return None
    largest = np.abs(weights_of(convolution).data).max() + np.float32(_TINY)
    return float(np.rint(rounded.input_value(2).get_node().data.max() / largest))


def _symmetric(low: float, high: float) -> tuple[float, float]:
    """Ends of 256 levels of which one is zero."""
    if low >= 0:
        return 0.0, max(high, _TINY)
    reach = max(-low, high)
    return -reach, reach * (_LEVELS / 2 - 1) / (_LEVELS / 2)


def weights_of(convolution: Any) -> Any:
    """The constant that a convolution's weights come from, behind casts and rounding."""
    source = convolution.input_value(1).get_node()
    while source.get_type_name() != "Constant":
        source = source.input_value(0).get_node()
    return source
