"""What every engine offers, and what it is opened with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deblurgan.ycbcr import YCbCr

PRECISIONS = ("auto", "f32", "bf16", "int8")

ALL_PASSES = 0
"""In place of a pass's number: the network as a whole."""


@dataclass(frozen=True)
class EngineOptions:
    """How an engine computes.

    Attributes:
        threads: of the processor.
        precision: 'f32', 'bf16', 'int8' for a model that was calibrated for it, or 'auto' for bf16 where the
            processor computes in it, with int8 beside it (see `HavingQuick`) for pictures that are large or one of
            many.
    """

    threads: int
    precision: str = "auto"


@dataclass(frozen=True)
class Input:
    """What an engine will be given.

    Attributes:
        number: of the pass, from 1, or `ALL_PASSES`.
        size: (height, width) of the picture.
        on_pixels: it comes as 8-bit pixels.
    """

    number: int
    size: tuple[int, int]
    on_pixels: bool


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

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """One pass of a scale-recurrent network over a picture of that pass's size.

        Args:
            number: of the pass, from 1.
            picture: [N, 3, H, W].
            coarse: the change that the pass before found, [N, 3, H / 2, W / 2]; zeros before the first.
            change: is filled with the change that this one finds, [N, 3, H, W].

        Raises:
            BrokenModel: the model's passes were not exported.
            MemoryError: as `run`.
        """
        ...

    def close(self) -> None:
        """Give its memory back; it must not be run again."""
        ...


@runtime_checkable
class Preparing(Protocol):
    """An engine that prepares itself for each shape of input."""

    def prepare(self, inputs: Sequence[Input]) -> None:
        """Begin, in the background, to prepare for inputs that will come, in their order."""
        ...

    def keep(self, pixels: int) -> None:
        """Let it stay prepared, with working memory, for inputs of so many pixels together, from now on."""
        ...


@runtime_checkable
class HavingQuick(Protocol):
    """An engine that can compute in another precision, too: less exact and sooner done, once it is prepared."""

    @property
    def quick(self) -> Engine | None:
        """The engine that does, which shares this one's memory and closes with it; None with some models."""
        ...


def quick_of(engine: Engine) -> Engine | None:
    """An engine's quick one, if it has that."""
    return engine.quick if isinstance(engine, HavingQuick) else None


@runtime_checkable
class TakingPixels(Protocol):
    """An engine that can take 8-bit pixels as they are and give such: nobody holds them as floats."""

    @property
    def takes_pixels(self) -> bool:
        """Whether it can, with its model."""
        ...

    def run_on_pixels(
        self, number: int, pixels: NDArray[np.uint8], coarse: NDArray[np.float16] | None, sharp: NDArray[np.uint8]
    ) -> bool:
        """Restore a picture, or run the last pass of a scale-recurrent network over one.

        Args:
            number: of that pass, from 1, or `ALL_PASSES`.
            pixels: [H, W, 3], both sides even.
            coarse: as `run_pass`, in half precision; None with all passes.
            sharp: is filled, [H, W, 3].

        Returns:
            whether all that the network gave was finite.

        Raises:
            BrokenModel, MemoryError: as `run_pass`.
        """
        ...


@runtime_checkable
class TakingYCbCr(Protocol):
    """An engine that can take luma and chroma as they are: no pixel is turned into RGB and back."""

    @property
    def takes_ycbcr(self) -> bool:
        """Whether it can, with its model."""
        ...

    def run_on_ycbcr(self, picture: YCbCr, sharp: YCbCr) -> bool:
        """Restore a picture.

        The change that the network finds in RGB is added to luma, and its mean to chroma: where nothing changes,
        samples stay as they are.

        Args:
            picture: to be restored.
            sharp: of the same size; is filled.

        Returns:
            whether all that the network gave was finite.

        Raises:
            MemoryError: as `Engine.run`.
        """
        ...
