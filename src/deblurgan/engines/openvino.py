"""The OpenVINO engine: fastest on x86-64 processors, bf16 where they have it, int8 where asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.protocol import EngineOptions
from deblurgan.engines.quantisation import load_ranges, quantised

# Each compiled shape holds its own weights, and working memory by its pixels.
_SHAPES_KEPT, _PIXELS_KEPT = 2, 2_000_000


class OpenVINOEngine:
    """A network compiled anew for each shape of input, which is a tenth of a second well spent: fixed shapes
    run faster. Callers take turns.

    Args:
        core: an OpenVINO `Core`.
        network: an OpenVINO `Model` of free shape.
        tensor: OpenVINO's `Tensor`.
        settings: for compilation.
        precision: what the network computes in.
    """

    name = "openvino"

    def __init__(self, core: Any, network: Any, tensor: Any, settings: dict[str, Any], precision: str) -> None:
        self.precision = precision
        self._tensor = tensor
        self._core = core
        self._network = network
        self._settings = settings
        self._requests: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._turn = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        with self._turn:
            try:
                with as_memory_error():
                    request = self._request_for(batch.shape)
                    # The network writes into the caller's array itself: no copy, and none of its own to keep.
                    output = np.empty(tuple(request.model_outputs[0].shape), np.float32)
                    request.set_output_tensor(self._tensor(output, shared_memory=True))
                    request.infer({0: np.ascontiguousarray(batch)}, share_inputs=True)
                    return output
            except MemoryError:
                self._requests.clear()
                raise

    def close(self) -> None:
        """Drop everything compiled."""
        self._requests.clear()
        self._network = None

    def _leaves_room(self, shape: tuple[int, ...]) -> bool:
        pixels = sum(kept[2] * kept[3] for kept in (*self._requests, shape))
        return len(self._requests) < _SHAPES_KEPT and pixels <= _PIXELS_KEPT

    def _request_for(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._requests:
            while self._requests and not self._leaves_room(shape):
                self._requests.popitem(last=False)
            fixed = self._network.clone()
            fixed.reshape(list(shape))
            compiled = self._core.compile_model(fixed, "CPU", self._settings)
            self._requests[shape] = compiled.create_infer_request()
        self._requests.move_to_end(shape)
        return self._requests[shape]


def open_engine(model: ModelFolder, options: EngineOptions) -> OpenVINOEngine:
    """Read a model's ONNX file for the processor.

    Raises:
        BrokenModel: int8 was asked for but the model was not calibrated.
    """
    import openvino

    core = openvino.Core()
    network = core.read_model(model.file("onnx"))
    in_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    # Normalisation by the statistics of the picture magnifies the rounding of bf16.
    fastest = "bf16" if in_bf16 and model.manifest.statistics == "fixed" else "f32"
    precision = fastest if options.precision == "auto" else options.precision
    if precision == "int8":
        network = quantised(network, load_ranges(model.file("ranges")))
    settings = {
        "INFERENCE_NUM_THREADS": options.threads,
        # What is not a convolution is computed in this.
        "INFERENCE_PRECISION_HINT": fastest if precision == "int8" else precision,
        "PERFORMANCE_HINT": "LATENCY",
    }
    return OpenVINOEngine(core, network, openvino.Tensor, settings, precision)
