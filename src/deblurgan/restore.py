"""The Restorer: a manifest and an engine, pixels in, pixels out; the only inference path in the package."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan import guard, memory, multi_scale, on_pixels, passes, self_ensemble, tiling
from deblurgan.catalogue import find
from deblurgan.engines import Engine, Keeping, TakingPixels, allowed_threads, open_engine
from deblurgan.errors import DeblurganError
from deblurgan.manifest import Manifest
from deblurgan.network_values import to_pixels, to_planes
from deblurgan.presets import PRESETS
from deblurgan.restore_options import RestoreOptions

# Pixels from which on it pays to share work among threads.
_LARGE = 2_000_000

# Pixels of a picture at all its smaller sizes, of its own: a third, and what the network's multiples add.
_SMALLER_SIZES = 0.4

# Whole numbers up to white, or floats of which 1 is white.
_DTYPES = ("uint8", "uint16", "float32")


@dataclass(frozen=True)
class Restored:
    """A restored picture.

    Attributes:
        pixels: [H, W, 3] in the dtype that came in.
        tiles: into how many the picture was cut.
        seconds: it took.
        verdict: the guard's, or that of a result kept whole if it did not judge.
    """

    pixels: NDArray[Any]
    tiles: int
    seconds: float
    verdict: guard.Verdict = field(default_factory=guard.Verdict)


class Restorer:
    """Restores pictures with one model; built once, called often, from several threads if need be.

    Args:
        manifest: facts about the model.
        engine: that has the model loaded.
        threads: that work on a large picture before and after the engine does; None for as many as are allowed.
    """

    def __init__(self, manifest: Manifest, engine: Engine, *, threads: int | None = None) -> None:
        self.manifest = manifest
        self.engine = engine
        self.threads = threads or allowed_threads()

    def __call__(self, pixels: NDArray[Any], options: RestoreOptions = RestoreOptions()) -> Restored:
        """Restore one picture.

        Args:
            pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
            options: how.

        Returns:
            the result in the same shape and dtype; of a model that enlarges, `manifest.scale` times as large.

        Raises:
            ValueError: the array has another shape or dtype.
            DeblurganError: the model cannot be tiled but tiles were asked for, or enlarges but a strength below 1
                was.
            MemoryError: not even the smallest tile fits.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
            raise ValueError(f"expected pixels of shape [H, W, 3], got {list(pixels.shape)}")
        if pixels.dtype.name not in _DTYPES:
            raise ValueError(f"expected pixels in {', '.join(_DTYPES)}, got {pixels.dtype}; convert them first")
        if self.manifest.scale > 1 and (options.strength < 1 or options.multi_scale):
            raise DeblurganError(
                f"Model {self.manifest.name!r} enlarges pictures; it has only strength 1 and one scale."
            )
        started = time.perf_counter()
        largest = self._largest_tile(pixels, options)
        tiles = self._plan(pixels, largest, options)
        self._keep((pixels.shape[0], pixels.shape[1]), tiles[0].size, largest, options.multi_scale)
        while True:
            try:
                result, finite = self._tile_by_tile(pixels, tiles, options)
            except MemoryError:
                smaller = [] if largest is None else self._plan(pixels, math.prod(tiles[0].size) // 2, options)
                if not smaller or math.prod(smaller[0].size) >= math.prod(tiles[0].size):
                    raise
                tiles = smaller
            else:
                verdict = self._guarded(pixels, result, finite, options)
                return Restored(result, len(tiles), time.perf_counter() - started, verdict)

    def guards(self, options: RestoreOptions) -> bool:
        """Whether the guard may act: options and preset allow it, and the model does not enlarge."""
        return options.guard and PRESETS[options.preset].guard and self.manifest.scale == 1

    def close(self) -> None:
        """Give the engine's memory back."""
        self.engine.close()

    def _largest_tile(
        self, pixels: NDArray[Any], options: RestoreOptions, *, as_floats: bool = False
    ) -> int | None:
        """Pixels of the largest tile, None for no tiles; `as_floats` where the engine sees floats in any case."""
        if self.manifest.tiling == "whole" and isinstance(options.tile, int):
            raise DeblurganError(f"Model {self.manifest.name!r} must see the whole picture; use tile off.")
        if self.manifest.tiling == "whole" or options.tile == "off":
            return None
        if isinstance(options.tile, int):
            return options.tile**2
        return memory.largest_tile(
            (pixels.shape[0], pixels.shape[1]),
            bytes_per_sample=pixels.dtype.itemsize,
            limit=options.memory_limit,
            engine=(self.engine.name, self.engine.precision),
            blended=self.manifest.tiling != "free",
            copies=options.self_ensemble * self_ensemble.COPIES + options.multi_scale * multi_scale.COPIES,
            enlarged=multi_scale.LARGEST**2 if options.multi_scale else 1.0,
            by_passes=self.manifest.recurrent_scales > 1,
            as_pixels=not as_floats and self._pixel_engine(pixels, options) is not None,
        )

    def _plan(self, pixels: NDArray[Any], largest: int | None, options: RestoreOptions) -> list[tiling.Tile]:
        return tiling.plan(
            (pixels.shape[0], pixels.shape[1]),
            self._rule(options, spare=PRESETS[options.preset].spare),
            halo=self.manifest.halo,
            largest=largest,
            blended=self.manifest.tiling != "free",
        )

    def _keep(self, size: tuple[int, int], tile: tuple[int, int], largest: int | None, multi_scaled: bool) -> None:
        """Let the engine stay prepared for all passes: the next picture, or frame, may be of this size, too."""
        if not isinstance(self.engine, Keeping):
            return
        wanted = math.prod(tile) + _SMALLER_SIZES * math.prod(size)
        allowed = math.inf if largest is None else float(largest)
        if multi_scaled:
            wanted *= multi_scale.TOGETHER
            allowed *= multi_scale.LARGEST**2
        self.engine.keep(int(min(wanted, allowed)))

    def _rule(self, options: RestoreOptions, *, spare: bool) -> tiling.SizeRule:
        minimum = self.manifest.minimum_size
        # Of a quarter turn, either side may be the height.
        least = (max(minimum), max(minimum)) if options.self_ensemble else minimum
        return tiling.SizeRule(self.manifest.size_multiple, least, spare)

    def _tile_by_tile(
        self, pixels: NDArray[Any], tiles: list[tiling.Tile], options: RestoreOptions
    ) -> tuple[NDArray[Any], bool]:
        """The result, and whether the network gave nothing but finite values."""
        trained = self.manifest.recurrent_scales
        scales = passes.scales_for((pixels.shape[0], pixels.shape[1]), trained)
        engine = self._pixel_engine(pixels, options)
        if scales == 1 or (len(tiles) == 1 and scales == trained):
            if engine is not None:
                return on_pixels.restored(engine, pixels, tiles)
            return self._put_together(pixels, tiles, options, self._run(pixels, tiles, options))
        size = (tiles[-1].top + tiles[-1].size[0], tiles[-1].left + tiles[-1].size[1])
        rule = self._rule(options, spare=False)
        picture = passes.Picture(
            size, rule, lambda tile: self._planes(pixels, tile, options)[0], self._threads_for(pixels)
        )
        run_passes = self._run_passes(options, scales - trained)
        # All passes but the last see floats.
        largest = self._largest_tile(pixels, options, as_floats=True) or math.inf
        most = int(min(math.prod(tiles[0].size), largest))
        cut = passes.Cut(self.manifest.halo, most)
        coarse = passes.found_below(picture, scales, run_passes, cut)
        if engine is not None:
            return on_pixels.restored(engine, pixels, tiles, trained, coarse)
        found = passes.found(scales, picture, tiles, coarse, run_passes)
        return self._put_together(pixels, tiles, options, itertools.starmap(_changed, found))

    def _pixel_engine(self, pixels: NDArray[Any], options: RestoreOptions) -> TakingPixels | None:
        """The engine, if it can restore the picture's pixels as they are."""
        preset = PRESETS[options.preset]
        if not (isinstance(self.engine, TakingPixels) and self.engine.takes_pixels and pixels.dtype == np.uint8):
            return None
        if options.self_ensemble or options.multi_scale or options.strength < 1:
            return None
        if (
            self.manifest.scale > 1
            or self.manifest.tiling == "overlap"
            or preset.truncate
            or preset.fill is not None
        ):
            return None
        return self.engine

    def _put_together(
        self,
        pixels: NDArray[Any],
        tiles: list[tiling.Tile],
        options: RestoreOptions,
        outputs: Iterator[NDArray[np.float32]],
    ) -> tuple[NDArray[Any], bool]:
        """Turn what the network gives of each tile, [3, h, w], into pixels."""
        scale = self.manifest.scale
        size = (pixels.shape[0] * scale, pixels.shape[1] * scale)
        result = np.empty((*size, 3), pixels.dtype)
        placed, finite = [tile.enlarged(scale) for tile in tiles], True
        for rows, columns, output in tiling.finished(size, placed, lambda _: next(outputs).transpose(1, 2, 0)):
            is_finite = to_pixels(
                output,
                result[rows, columns],
                self.manifest.value_range,
                blurred=pixels[rows, columns] if scale == 1 else None,
                strength=options.strength,
                truncate=PRESETS[options.preset].truncate,
                threads=self._threads_for(output),
            )
            finite = finite and is_finite
            # Held no longer than it is needed: of large tiles, each copy counts.
            del output
        return result, finite

    def _threads_for(self, pixels: NDArray[Any]) -> int:
        """Those that serve a picture or a part; what is small is done before they have begun."""
        return self.threads if pixels.shape[0] * pixels.shape[1] > _LARGE else 1

    def _guarded(
        self, pixels: NDArray[Any], result: NDArray[Any], finite: bool, options: RestoreOptions
    ) -> guard.Verdict:
        """Take back from the result, in place, what the guard does not let through."""
        if not self.guards(options):
            return guard.Verdict()
        threads = self._threads_for(pixels)
        verdict = guard.judge(pixels, result, threads=threads) if finite else guard.BROKEN
        guard.mix(pixels, result, verdict, threads=threads)
        # What is kept may be too little for any whole number to change.
        if 0 < verdict.share < guard.SLIGHT and np.array_equal(pixels, result):
            return replace(verdict, share=0.0)
        return verdict

    def _run(
        self, pixels: NDArray[Any], tiles: list[tiling.Tile], options: RestoreOptions
    ) -> Iterator[NDArray[np.float32]]:
        """What the network gives of each tile, [3, h, w]."""
        run = self.engine.run
        if options.multi_scale:
            run = partial(multi_scale.restored, run, multiple=self.manifest.size_multiple)
        if options.self_ensemble:
            run = partial(self_ensemble.averaged, run)
        for tile in tiles:
            yield run(self._planes(pixels, tile, options))[0]

    def _run_passes(self, options: RestoreOptions, surplus: int) -> list[passes.RunPass]:
        """What runs a pass, once for each size that the picture is seen at."""
        run_pass = passes.beginning_again(self.engine.run_pass, surplus)
        if options.self_ensemble:
            run_pass = passes.through(self_ensemble.averaged, run_pass)
        if not options.multi_scale:
            return [run_pass]
        # Size by size, so that the engine prepares itself for each once, not for all in every tile.
        multiple = self.manifest.size_multiple
        views = [partial(multi_scale.seen_at, factor, multiple=multiple) for factor in multi_scale.FACTORS]
        return [passes.through(view, run_pass) for view in views]

    def _planes(self, pixels: NDArray[Any], tile: tiling.Tile, options: RestoreOptions) -> NDArray[np.float32]:
        """The tile's window as the network takes it, [1, 3, h, w]."""
        return to_planes(pixels, tile, self.manifest.value_range, PRESETS[options.preset].fill)


def _changed(window: NDArray[np.float32], change: NDArray[np.float32]) -> NDArray[np.float32]:
    change += window
    return change


def load(
    model: str | None = None, *, engine: str = "auto", threads: int | None = None, precision: str = "auto"
) -> Restorer:
    """Open a model by name or path.

    Args:
        model: name or folder; None for `DEBLURGAN_MODEL` or 'default'.
        engine: key of `deblurgan.engines.ENGINES`, or 'auto' for the fastest installed.
        threads: None for as many as the process may use.
        precision: 'auto', 'f32', 'bf16' or 'int8'.

    Raises:
        UnknownModel, BrokenModel, UnknownEngine: what was asked for is not to be had.
    """
    folder = find(model)
    opened = open_engine(folder, engine, threads=threads, precision=precision)
    return Restorer(folder.manifest, opened, threads=threads)
