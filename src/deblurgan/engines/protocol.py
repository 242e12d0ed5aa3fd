"""What every engine offers, and what it is opened with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

PRECISIONS = ("auto", "f32", "bf16", "int8")


@dataclass(frozen=True)
class EngineOptions:
    """How an engine computes.

    Attributes:
        threads: of the processor.
        precision: 'f32', 'bf16', 'int8' for a model that was calibrated for it, or 'auto' for bf16 where the
            processor computes in it.
    """

    threads: int
    precision: str = "auto"


class Engine(Protocol):
    """Runs a network; knows nothing of padding, value ranges or tiles. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """Key of the engine in `ENGINES`."""
        ...

    @property
    def precision(self) -> str:
        """What it really computes in: 'f32', 'bf16' or 'int8'."""
        ...

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map [N, 3, H, W] to the same shape; the result is the caller's to change.

        Raises:
            MemoryError: there is not enough memory for that shape; a smaller one may still fit.
        """
        ...

    def close(self) -> None:
        """Give its memory back; it must not be run again."""
        ...
