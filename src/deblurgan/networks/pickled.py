"""What PyTorch has saved in a file, read without running anything that it holds."""

from __future__ import annotations

import errno
import pickle
import struct
from pathlib import Path
from typing import Any, TypeGuard

import torch

from deblurgan.errors import BrokenModel

# What bytes that are no pickle lead the unpickler to.
_UNPICKLING = (
    *(pickle.UnpicklingError, struct.error, EOFError, RuntimeError),
    *(LookupError, ValueError, TypeError, AttributeError),
)


def read_checkpoint(path: Path) -> Any:
    """What `torch.save` put into a file; only tensors and plain values are taken.

    Raises:
        BrokenModel: the file cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        # Looking for the end of a file that was cut short, PyTorch asks for a place before its beginning.
        if error.errno != errno.EINVAL:
            raise BrokenModel(f"{path} cannot be read: {error.strerror or error}.") from None
        raise _no_checkpoint(path) from None
    except _UNPICKLING:
        raise _no_checkpoint(path) from None


def is_training(content: Any) -> TypeGuard[dict[str, Any]]:
    """Whether what a file holds is the state of a training, with much besides weights."""
    return isinstance(content, dict) and {"recipe", "average"} <= content.keys()


def _no_checkpoint(path: Path) -> BrokenModel:
    return BrokenModel(f"{path} is not a PyTorch checkpoint of plain tensors, or is damaged.")
