"""The engines by name, which of them are installed, and the choice between them."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass

from deblurgan.catalogue import ModelFolder
from deblurgan.engines.protocol import PRECISIONS, Engine, EngineOptions
from deblurgan.engines.threads import allowed_threads
from deblurgan.errors import UnknownEngine


@dataclass(frozen=True)
class EngineEntry:
    """An engine that may be installed.

    Attributes:
        opener: 'module:function' that takes a `ModelFolder` and `EngineOptions`.
        requires: module that must be importable.
        extra: of this package that installs it.
    """

    opener: str
    requires: str
    extra: str

    @property
    def installed(self) -> bool:
        """Whether its module is there; nothing is imported to find out."""
        return importlib.util.find_spec(self.requires) is not None


ENGINES: dict[str, EngineEntry] = {
    "openvino": EngineEntry("deblurgan.engines.openvino:open_engine", "openvino", "openvino"),
    "onnx": EngineEntry("deblurgan.engines.onnx:open_engine", "onnxruntime", "onnx"),
    "torch": EngineEntry("deblurgan.training.torch_engine:open_engine", "torch", "train"),
}


def choose(name: str = "auto") -> str:
    """The engine to use: the one named, or for 'auto' `DEBLURGAN_ENGINE` or the first one installed.

    Raises:
        UnknownEngine: no engine has that name, or it is not installed.
    """
    wanted = os.environ.get("DEBLURGAN_ENGINE", "auto") if name == "auto" else name
    if wanted == "auto":
        wanted = next((key for key, entry in ENGINES.items() if entry.installed), "")
        if not wanted:
            raise UnknownEngine("No engine is installed; run: pip install 'deblurgan[onnx]'.")
    if wanted not in ENGINES:
        raise UnknownEngine(f"No engine is called {wanted!r}; known: auto, {', '.join(ENGINES)}.")
    if not ENGINES[wanted].installed:
        extra = ENGINES[wanted].extra
        raise UnknownEngine(f"The engine {wanted!r} is not installed; run: pip install 'deblurgan[{extra}]'.")
    return wanted


def open_engine(
    model: ModelFolder, name: str = "auto", *, threads: int | None = None, precision: str = "auto"
) -> Engine:
    """Open a model in an engine.

    Args:
        model: to run.
        name: key of `ENGINES`, or 'auto'.
        threads: None for as many as the process may use.
        precision: one of `PRECISIONS`.

    Raises:
        UnknownEngine: the engine or the precision is not to be had.
        BrokenModel: the model's files are incomplete or damaged.
    """
    if precision not in PRECISIONS:
        raise UnknownEngine(f"No precision is called {precision!r}; known: {', '.join(PRECISIONS)}.")
    module, function = ENGINES[choose(name)].opener.split(":")
    opener: Callable[[ModelFolder, EngineOptions], Engine] = getattr(importlib.import_module(module), function)
    return opener(model, EngineOptions(threads or allowed_threads(), precision))
