"""The ONNX Runtime engine: runs everywhere, in float32."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.engines.protocol import EngineOptions
from deblurgan.engines.unreported import import_onnxruntime
from deblurgan.errors import UnknownEngine


class OnnxEngine:
    """ONNX Runtime sessions. Callers take turns, so that memory is that of one run.

    Args:
        session: gives the `onnxruntime.InferenceSession` of a file of the model, by its kind.
    """

    name = "onnx"
    precision = "f32"

    def __init__(self, session: Callable[[str], Any]) -> None:
        self._session: Callable[[str], Any] | None = session
        self._turn = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape."""
        return self._infer("onnx", batch)

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """One pass of a scale-recurrent network; see `Engine`."""
        np.copyto(change, self._infer("pass", picture, coarse))

    def close(self) -> None:
        """Drop the sessions."""
        self._session = None

    def _infer(self, kind: str, *inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._turn, as_memory_error():
            if self._session is None:
                raise RuntimeError("this engine was closed")
            session = self._session(kind)
            names = (entry.name for entry in session.get_inputs())
            output: NDArray[np.float32] = session.run(None, dict(zip(names, inputs, strict=True)))[0]
        return output


def open_engine(model: ModelFolder, options: EngineOptions) -> OnnxEngine:
    """Load a model's ONNX file.

    Raises:
        UnknownEngine: another precision than float32 was asked for.
    """
    onnxruntime = import_onnxruntime()
    if options.precision not in ("auto", "f32"):
        raise UnknownEngine(f"The onnx engine computes in f32 only, not in {options.precision}; use openvino.")
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    # Keeping what it frees, it takes half as much again for each pixel, so that large pictures need more tiles.
    settings.enable_cpu_mem_arena = False
    # Otherwise its threads stay awake for a while after each run, on processors that others want.
    settings.add_session_config_entry("session.force_spinning_stop", "1")

    @cache
    def session(kind: str) -> Any:
        return onnxruntime.InferenceSession(str(model.file(kind)), settings, providers=["CPUExecutionProvider"])

    # A damaged model is found out now, not with the first picture.
    session("onnx")
    return OnnxEngine(session)
