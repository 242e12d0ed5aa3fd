"""Check that an optional part of the package is installed, before it is needed."""

from __future__ import annotations

import importlib.util

from deblurgan.errors import MissingExtra

_MODULES = {
    "batch": ("ray", "pandas", "pyarrow"),
    "evaluate": ("cv2",),
    "photo": ("pillow_heif", "rawpy"),
    "serve": ("fastapi", "uvicorn", "python_multipart"),
    "train": ("torch", "timm", "safetensors", "onnx", "onnxscript", "tomli_w", "lightning_fabric"),
    "video": ("av", "cv2"),
}


def require(extra: str, purpose: str) -> None:
    """Pass if everything that `extra` installs is there.

    Args:
        extra: of this package.
        purpose: what needs it, to say so: 'Training', for one.

    Raises:
        MissingExtra: with the command that installs it.
    """
    if any(importlib.util.find_spec(module) is None for module in _MODULES[extra]):
        raise MissingExtra(f"{purpose} needs more packages; run: pip install 'deblurgan[{extra}]'.")
