"""A Restorer whose work can be watched, and given up between tiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.engines import Engine, Input, Preparing, TakingPixels, TakingYCbCr, quick_of
from deblurgan.restore import Restored, Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.serve.line import Ticket
from deblurgan.ycbcr import YCbCr


class WatchedRestorer(Restorer):
    """As the Restorer it is made from, for one ticket.

    Args:
        restorer: whose model and engine are used.
        ticket: learns of the progress and says when to stop.

    Attributes:
        pictures: how many will come, which the progress is measured by.
        began, ended: when the latest picture was worked on, by the monotonic clock; 0 before there was one.
    """

    def __init__(self, restorer: Restorer, ticket: Ticket) -> None:
        engine = _WatchedEngine(restorer.engine, restorer.manifest.recurrent_scales, ticket, self._count_tile)
        super().__init__(restorer.manifest, engine, threads=restorer.threads)
        self.pictures = 1
        self.began = self.ended = 0.0
        self._ticket, self._share = ticket, 1.0

    def __call__(self, pixels: NDArray[Any], options: RestoreOptions = RestoreOptions()) -> Restored:
        """Restore one picture; see `Restorer`.

        Raises:
            Unwanted, Problem: the ticket said so.
        """
        tiles = len(self.plan((pixels.shape[0], pixels.shape[1]), pixels.dtype, options).tiles)
        with self._one_of(self.pictures, tiles):
            return super().__call__(pixels, options)

    def on_ycbcr(self, picture: YCbCr, options: RestoreOptions = RestoreOptions()) -> YCbCr | None:
        """Restore one picture in luma and chroma; see `Restorer`.

        Raises:
            Unwanted, Problem: the ticket said so.
        """
        with self._one_of(self.pictures, 1):
            return super().on_ycbcr(picture, options)

    @contextmanager
    def _one_of(self, pictures: int, tiles: int) -> Iterator[None]:
        self.began = time.monotonic()
        self._share = 1 / (tiles * pictures)
        try:
            yield
        finally:
            self.ended = time.monotonic()

    def _count_tile(self) -> None:
        self._ticket.progress = min(1.0, self._ticket.progress + self._share)


class _WatchedEngine:
    """Counts the tiles that pass through an engine.

    Args:
        engine: that computes.
        last_pass: its number.
        ticket: see `WatchedRestorer`.
        count_tile: is called after each.
    """

    def __init__(self, engine: Engine, last_pass: int, ticket: Ticket, count_tile: Callable[[], None]) -> None:
        self.name, self.precision = engine.name, engine.precision
        self._engine, self._last_pass, self._ticket, self._count_tile = engine, last_pass, ticket, count_tile
        quick = quick_of(engine)
        self.quick = None if quick is None else _WatchedEngine(quick, last_pass, ticket, count_tile)
        self.takes_pixels = isinstance(engine, TakingPixels) and engine.takes_pixels
        self.takes_ycbcr = isinstance(engine, TakingYCbCr) and engine.takes_ycbcr

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """As the engine, unless the ticket says to stop."""
        self._ticket.check()
        output = self._engine.run(batch)
        self._count_tile()
        return output

    def run_pass(
        self,
        number: int,
        picture: NDArray[np.float32],
        coarse: NDArray[np.float32],
        change: NDArray[np.float32],
    ) -> None:
        """As the engine, unless the ticket says to stop; the smaller sizes take little and do not count."""
        self._ticket.check()
        self._engine.run_pass(number, picture, coarse, change)
        if number == self._last_pass:
            self._count_tile()

    def run_on_pixels(
        self, number: int, pixels: NDArray[np.uint8], coarse: NDArray[np.float16] | None, sharp: NDArray[np.uint8]
    ) -> bool:
        """As the engine, unless the ticket says to stop."""
        assert isinstance(self._engine, TakingPixels)
        self._ticket.check()
        is_finite = self._engine.run_on_pixels(number, pixels, coarse, sharp)
        self._count_tile()
        return is_finite

    def run_on_ycbcr(self, picture: YCbCr, sharp: YCbCr) -> bool:
        """As the engine, unless the ticket says to stop."""
        assert isinstance(self._engine, TakingYCbCr)
        self._ticket.check()
        is_finite = self._engine.run_on_ycbcr(picture, sharp)
        self._count_tile()
        return is_finite

    def prepare(self, inputs: Sequence[Input]) -> None:
        """As the engine, if it prepares itself."""
        if isinstance(self._engine, Preparing):
            self._engine.prepare(inputs)

    def keep(self, pixels: int) -> None:
        """As the engine, if it prepares itself."""
        if isinstance(self._engine, Preparing):
            self._engine.keep(pixels)

    def close(self) -> None:
        """Leave the engine to the others who use it."""
