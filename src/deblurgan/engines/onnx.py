"""The ONNX Runtime engine: runs everywhere, in float32."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.protocol import EngineOptions
from deblurgan.errors import UnknownEngine


class OnnxEngine:
    """An ONNX Runtime session. Callers take turns, so that memory is that of one run.

    Args:
        session: an `onnxruntime.InferenceSession`.
    """

    name = "onnx"
    precision = "f32"

    def __init__(self, session: Any) -> None:
        self._session = session
        self._turn = threading.Lock()
        self._input = session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        with self._turn, as_memory_error():
            output: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return output

    def close(self) -> None:
        """Drop the session."""
        self._session = None


def open_engine(model: ModelFolder, options: EngineOptions) -> OnnxEngine:
    """Load a model's ONNX file.

    Raises:
        UnknownEngine: another precision than float32 was asked for.
    """
    import onnxruntime

    if options.precision not in ("auto", "f32"):
        raise UnknownEngine(f"The onnx engine computes in f32 only, not in {options.precision}; use openvino.")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    return OnnxEngine(
        onnxruntime.InferenceSession(str(model.file("onnx")), settings, providers=["CPUExecutionProvider"])
    )
