"""Decide how a picture is restored: in which tiles and passes, and so what the engine will be given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from deblurgan import memory, multi_scale, passes, self_ensemble, tiling
from deblurgan.engines import ALL_PASSES, Engine, Input, TakingPixels, quick_of
from deblurgan.errors import DeblurganError
from deblurgan.manifest import Manifest
from deblurgan.presets import PRESETS
from deblurgan.restore_options import RestoreOptions

LARGE = 6_000_000
"""Pixels from which on the quick engine saves more time with a single picture than it takes to be prepared."""

# Pixels of a picture at all its smaller sizes, of its own: a third, and what the network's multiples add.
_SMALLER_SIZES = 0.4


def precision_of(engine: Engine) -> str:
    """What an engine computes in, such as 'f32', or 'f32, in videos and from 6 megapixels on int8'."""
    quick = quick_of(engine)
    if quick is None:
        return engine.precision
    return f"{engine.precision}, in videos and from {LARGE // 10**6} megapixels on {quick.precision}"


@dataclass(frozen=True)
class Plan:
    """How a picture is restored.

    Attributes:
        engine: that computes it.
        tiles: that the network, or its last pass, sees.
        scales: sizes at which the picture is seen, in a pass each; 0 where the network runs its passes itself.
        below: how the passes before the last are cut.
        rule: which inputs the passes take.
        on_pixels: the tiles go to the engine as 8-bit pixels.
        trained: passes that the network was trained with.
        kept: pixels together that an engine may stay prepared for, since the next picture, or frame, may be of
            this size, too.
    """

    engine: Engine
    tiles: list[tiling.Tile]
    scales: int
    below: passes.Cut
    rule: tiling.SizeRule
    on_pixels: bool
    trained: int
    kept: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture as the network wants it."""
        last = self.tiles[-1]
        return last.top + last.size[0], last.left + last.size[1]

    @property
    def surplus(self) -> int:
        """Passes beyond those the network was trained with."""
        return self.scales - self.trained

    def inputs(self) -> list[Input]:
        """What the engine will be given, in the order in which each first comes."""
        if not self.scales:
            return [Input(ALL_PASSES, self.tiles[0].size, self.on_pixels)]
        cuts = passes.tiles_below(self.size, self.scales, self.rule, self.below)
        below = [
            Input(max(1, number - self.surplus), tiles[0].size, on_pixels=False)
            for number, tiles in enumerate(cuts, start=1)
        ]
        # A pass beyond those trained may see tiles of the size that the one before it saw.
        return [*dict.fromkeys(below), Input(self.trained, self.tiles[0].size, self.on_pixels)]


@dataclass(frozen=True)
class Case:
    """All that a plan depends on.

    Attributes:
        manifest: facts about the model.
        opened: the engine that has it loaded.
        size: (height, width) of the picture.
        dtype: of its pixels.
        options: how it is to be restored.
    """

    manifest: Manifest
    opened: Engine
    size: tuple[int, int]
    dtype: np.dtype[Any]
    options: RestoreOptions

    @property
    def engine(self) -> Engine:
        """The one that was opened, or its quick one where that pays and nobody asked for the best."""
        quick = quick_of(self.opened)
        pays = self.options.one_of_many or math.prod(self.size) >= LARGE
        is_plain = self._in_8_bits_as_usual and self.manifest.tiling == "free"
        return quick if quick is not None and pays and is_plain else self.opened

    def largest_tile(self, *, below: bool = False) -> int | None:
        """Pixels of the largest tile, None for no tiles.

        Args:
            below: of the passes before the last, which see floats in any case.

        Raises:
            DeblurganError: the model cannot be tiled but tiles were asked for.
        """
        options = self.options
        if self.manifest.tiling == "whole" and isinstance(options.tile, int):
            raise DeblurganError(f"Model {self.manifest.name!r} must see the whole picture; use tile off.")
        if self.manifest.tiling == "whole" or options.tile == "off":
            return None
        if isinstance(options.tile, int):
            return options.tile**2
        return memory.largest_tile(
            self.size,
            bytes_per_sample=self.dtype.itemsize,
            limit=options.memory_limit,
            engine=(self.engine.name, self.engine.precision),
            blended=self.manifest.tiling != "free",
            copies=options.self_ensemble * self_ensemble.COPIES + options.multi_scale * multi_scale.COPIES,
            enlarged=multi_scale.LARGEST**2 if options.multi_scale else 1.0,
            by_passes=self.manifest.recurrent_scales > 1,
            below=below,
            as_pixels=not below and self.takes_pixels,
        )

    def plan(self, largest: int | None) -> Plan:
        """Plan with tiles of at most so many pixels; None for no tiles."""
        tiles = tiling.plan(
            self.size,
            self._rule(spare=PRESETS[self.options.preset].spare),
            halo=self.manifest.halo,
            largest=largest,
            blended=self.manifest.tiling != "free",
        )
        trained = self.manifest.recurrent_scales
        scales = passes.scales_for(self.size, trained)
        at_once = scales == 1 or (len(tiles) == 1 and scales == trained)
        # All passes but the last see floats.
        most = math.prod(tiles[0].size)
        if not at_once:
            most = int(min(most, self.largest_tile(below=True) or math.inf))
        return Plan(
            engine=self.engine,
            tiles=tiles,
            scales=0 if at_once else scales,
            below=passes.Cut(self.manifest.halo, most),
            rule=self._rule(spare=False),
            on_pixels=self.takes_pixels,
            trained=trained,
            kept=self._kept(math.prod(tiles[0].size), largest),
        )

    @property
    def takes_pixels(self) -> bool:
        """Whether the engine can restore the picture's pixels as they are."""
        return (
            isinstance(self.opened, TakingPixels)
            and self.opened.takes_pixels
            and self._in_8_bits_as_usual
            and self.options.strength == 1
            and self.manifest.scale == 1
            and self.manifest.tiling != "overlap"
        )

    @property
    def _in_8_bits_as_usual(self) -> bool:
        options, preset = self.options, PRESETS[self.options.preset]
        views = options.self_ensemble or options.multi_scale
        return self.dtype == np.uint8 and not views and not preset.truncate and preset.fill is None

    def _kept(self, tile: int, largest: int | None) -> int:
        wanted = tile + _SMALLER_SIZES * math.prod(self.size)
        allowed = math.inf if largest is None else float(largest)
        if self.options.multi_scale:
            wanted *= multi_scale.TOGETHER
            allowed *= multi_scale.LARGEST**2
        return int(min(wanted, allowed))

    def _rule(self, *, spare: bool) -> tiling.SizeRule:
        minimum = self.manifest.minimum_size
        # Of a quarter turn, either side may be the height.
        least = (max(minimum), max(minimum)) if self.options.self_ensemble else minimum
        return tiling.SizeRule(self.manifest.size_multiple, least, spare)
