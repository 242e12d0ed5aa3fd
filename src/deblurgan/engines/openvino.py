"""The OpenVINO engine: fastest on x86-64 processors, bf16 where they have it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.protocol import EngineOptions

_PRECISIONS = {"f32": "f32", "bf16": "bf16"}


class OpenVINOEngine:
    """A compiled network and its one inference request, which callers take in turn.

    Args:
        request: an OpenVINO `InferRequest`.
        precision: what the network was compiled to compute in.
    """

    name = "openvino"

    def __init__(self, request: Any, precision: str) -> None:
        self.precision = precision
        self._request = request
        self._turn = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        with self._turn:
            self._request.infer({0: np.ascontiguousarray(batch)}, share_inputs=True)
            return np.array(self._request.get_output_tensor(0).data)

    def close(self) -> None:
        """Drop the compiled network."""
        self._request = None


def open_engine(model: ModelFolder, options: EngineOptions) -> OpenVINOEngine:
    """Read and compile a model's ONNX file for the processor."""
    import openvino

    core = openvino.Core()
    precision = options.precision
    if precision == "auto":
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        # Normalisation by the statistics of the picture magnifies the rounding of bf16.
        stable = model.manifest.statistics == "fixed"
        precision = "bf16" if stable and "BF16" in capabilities else "f32"
    compiled = core.compile_model(
        core.read_model(model.file("onnx")),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": options.threads,
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
            "PERFORMANCE_HINT": "LATENCY",
        },
    )
    return OpenVINOEngine(compiled.create_infer_request(), precision)
