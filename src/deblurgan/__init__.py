"""Sharp photographs from motion-blurred ones."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from deblurgan import blur as blur
    from deblurgan import metrics as metrics
    from deblurgan.catalogue import available_models as available_models
    from deblurgan.errors import DeblurganError as DeblurganError
    from deblurgan.evaluation import Evaluation as Evaluation
    from deblurgan.evaluation import evaluate as evaluate
    from deblurgan.image import Image as Image
    from deblurgan.image import read as read
    from deblurgan.image import write as write
    from deblurgan.manifest import Manifest as Manifest
    from deblurgan.outcome import Outcome as Outcome
    from deblurgan.pairs import Pair as Pair
    from deblurgan.pairs import find_pairs as find_pairs
    from deblurgan.photo import deblur as deblur
    from deblurgan.restore import Restored as Restored
    from deblurgan.restore import Restorer as Restorer
    from deblurgan.restore import load as load
    from deblurgan.restore_options import RestoreOptions as RestoreOptions

_PUBLIC = {
    "DeblurganError": "deblurgan.errors",
    "Evaluation": "deblurgan.evaluation",
    "Image": "deblurgan.image",
    "Manifest": "deblurgan.manifest",
    "Outcome": "deblurgan.outcome",
    "Pair": "deblurgan.pairs",
    "RestoreOptions": "deblurgan.restore_options",
    "Restored": "deblurgan.restore",
    "Restorer": "deblurgan.restore",
    "available_models": "deblurgan.catalogue",
    "blur": "deblurgan.blur",
    "deblur": "deblurgan.photo",
    "evaluate": "deblurgan.evaluation",
    "find_pairs": "deblurgan.pairs",
    "load": "deblurgan.restore",
    "metrics": "deblurgan.metrics",
    "read": "deblurgan.image",
    "write": "deblurgan.image",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that importing the package costs nothing."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'deblurgan' has no attribute {name!r}")
    module = importlib.import_module(_PUBLIC[name])
    value = module if module.__name__ == f"deblurgan.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
