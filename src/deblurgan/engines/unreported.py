"""OpenVINO and ONNX Runtime, imported so that they tell nobody; by themselves both report to their makers."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from typing import Any

# Part of OpenVINO that reports as soon as it is imported, and that `import openvino` does without.
_CONVERTER = "openvino.tools.ovc"

_turn = threading.Lock()


def import_openvino() -> Any:
    """OpenVINO without its converter, which is imported only if somebody in this process asks for it.

    Where OpenVINO is imported already, it is left as it is.
    """
    with _turn:
        if "openvino" in sys.modules:
            return importlib.import_module("openvino")
        # To Python, what is known as None cannot be imported.
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
        try:
            openvino: Any = importlib.import_module("openvino")
        finally:
            del sys.modules[_CONVERTER]
        openvino.__getattr__ = _converter_if_asked
    return openvino


def import_onnxruntime() -> Any:
    """ONNX Runtime without its reports, unless the environment asks for them."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return importlib.import_module("onnxruntime")


def _converter_if_asked(name: str) -> Any:
    if name != "convert_model":
        raise AttributeError(f"module 'openvino' has no attribute {name!r}")
    return importlib.import_module(_CONVERTER).convert_model
