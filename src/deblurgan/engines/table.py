"""The engines by name, and which of them are installed."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineEntry:
    """An engine that may be installed.

    Attributes:
        opener: 'module:function' that takes a `ModelFolder` and `EngineOptions`.
        requires: module that must be importable.
        extra: of this package that installs it.
        distribution: that its version is read from.
        timed: whether it takes part in the choice of the fastest; one that does not is chosen only where no other
            is installed.
    """

    opener: str
    requires: str
    extra: str
    distribution: str
    timed: bool = True

    @property
    def installed(self) -> bool:
        """Whether its module is there; nothing is imported to find out."""
        return importlib.util.find_spec(self.requires) is not None


ENGINES: dict[str, EngineEntry] = {
    "openvino": EngineEntry("deblurgan.engines.openvino:open_engine", "openvino", "openvino", "openvino"),
    "onnx": EngineEntry("deblurgan.engines.onnx:open_engine", "onnxruntime", "onnx", "onnxruntime"),
    "torch": EngineEntry("deblurgan.training.torch_engine:open_engine", "torch", "train", "torch", timed=False),
}
