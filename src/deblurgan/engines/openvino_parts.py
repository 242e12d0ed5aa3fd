"""A network in two parts, of which OpenVINO computes the second in bf16, all but what would be seen in float32."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

_PRECISIONS = ("f32", "bf16")
# What stands between convolutions: sums, normalisation and its statistics, activations.
_BETWEEN = frozenset({"Add", "Subtract", "Multiply", "ReLU"})
_EXACT = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:bf16,f16;f32:bf16,f16"}


@dataclass(frozen=True)
class Parts:
    """What `Model` is to OpenVINO's engine, of a network in two parts.

    Attributes:
        core: OpenVINO's `Core`.
        backbone: its `Model` from the picture to feature maps.
        rest: its `Model` from the picture and the maps to the result.
    """

    core: Any
    backbone: Any
    rest: Any

    def clone(self) -> Parts:
        """A copy, to be given fixed shapes."""
        return Parts(self.core, self.backbone.clone(), self.rest.clone())

    def reshape(self, shapes: Mapping[int, list[int]]) -> None:
        """Fix the shape of the picture, and so of everything."""
        self.backbone.reshape(shapes)
        maps = {place: list(output.get_shape()) for place, output in enumerate(self.backbone.outputs, start=1)}
        self.rest.reshape({**shapes, **maps})

    def prepared(self, device: str, settings: Mapping[str, Any]) -> _CompiledParts:
        """Both parts compiled, each in its own precision."""
        backbone, rest = (
            self.core.compile_model(network, device, {**settings, "INFERENCE_PRECISION_HINT": precision})
            for network, precision in zip((self.backbone, self.rest), _PRECISIONS, strict=True)
        )
        return _CompiledParts(backbone, rest)


@dataclass(frozen=True)
class _CompiledParts:
    backbone: Any
    rest: Any

    def create_infer_request(self) -> _Request:
        backbone, rest = self.backbone.create_infer_request(), self.rest.create_infer_request()
        for place in range(len(self.backbone.outputs)):
            rest.set_input_tensor(1 + place, backbone.get_output_tensor(place))
        return _Request(backbone, rest)


@dataclass(frozen=True)
class _Request:
    """As OpenVINO's, as far as the engine uses it."""

    backbone: Any
    rest: Any

    @property
    def model_outputs(self) -> list[Any]:
        outputs: list[Any] = self.rest.model_outputs
        return outputs

    def set_output_tensor(self, place: int, tensor: Any) -> None:
        self.rest.set_output_tensor(place, tensor)

    def infer(self, inputs: Mapping[int, NDArray[np.float32]], *, share_inputs: bool, share_outputs: bool) -> None:
        self.backbone.infer(inputs, share_inputs=share_inputs, share_outputs=share_outputs)
        self.rest.infer(inputs, share_inputs=share_inputs, share_outputs=share_outputs)


def exact_between_convolutions(core: Any, network: Any) -> Any:
    """A copy of which, compiled for bf16, only the convolutions before the last compute in it.

    So statistics are taken of values that nobody rounded, and the result is not made of rounded ones.

    Args:
        core: OpenVINO's `Core`.
        network: its `Model`.
    """
    import openvino

    # Such marks are read from files alone.
    with tempfile.TemporaryDirectory() as folder:
        text, weights = (Path(folder) / f"network.{kind}" for kind in ("xml", "bin"))
        openvino.serialize(network, text, weights)
        tree = ElementTree.parse(text)
        layers = tree.findall("./layers/layer")
        *_, last = (layer for layer in layers if layer.get("type") == "Convolution")
        for layer in layers:
            if layer is last or layer.get("type") in _BETWEEN:
                _mark(layer)
        values = openvino.Tensor(np.fromfile(weights, np.uint8))
    return core.read_model(ElementTree.tostring(tree.getroot()), values)


def _mark(layer: ElementTree.Element) -> None:
    notes = layer.find("rt_info")
    if notes is None:
        notes = ElementTree.Element("rt_info")
        layer.insert(1 if layer.find("data") is not None else 0, notes)
    ElementTree.SubElement(notes, "attribute", _EXACT)
