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

from deblurgan import guard, multi_scale, on_pixels, passes, self_ensemble, tiling
from deblurgan.catalogue import find
from deblurgan.engines import Engine, Preparing, TakingPixels, TakingYCbCr, allowed_threads, open_engine
from deblurgan.errors import DeblurganError
from deblurgan.manifest import Manifest
from deblurgan.network_values import to_halved_planes, to_pixels, to_planes
from deblurgan.presets import PRESETS
from deblurgan.restore_options import RestoreOptions
from deblurgan.restore_plan import Case, Plan, precision_of
from deblurgan.ycbcr import YCbCr

# Pixels from which on it pays to share work among threads.
_LARGE = 2_000_000

# Whole numbers up to white, or floats of which 1 is white.
_DTYPES = tuple(np.dtype(kind) for kind in (np.uint8, np.uint16, np.float32))


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

    @property
    def precision(self) -> str:
        """What it computes in, such as 'f32', or 'f32, in videos and from 6 megapixels on int8'."""
        return precision_of(self.engine)

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
        if pixels.dtype not in _DTYPES:
            known = ", ".join(dtype.name for dtype in _DTYPES)
            raise ValueError(f"expected pixels in {known}, got {pixels.dtype}; convert them first")
        if self.manifest.scale > 1 and (options.strength < 1 or options.multi_scale):
            raise DeblurganError(
                f"Model {self.manifest.name!r} enlarges pictures; it has only strength 1 and one scale."
            )
        started = time.perf_counter()
        if options.strength == 0:
            return Restored(pixels.copy(), 1, time.perf_counter() - started)
        case = self._case((pixels.shape[0], pixels.shape[1]), pixels.dtype, options)
        largest = case.largest_tile()
        plan = case.plan(largest)
        if isinstance(plan.engine, Preparing):
            plan.engine.keep(plan.kept)
        while True:
            try:
                result, finite = self._tile_by_tile(pixels, plan, options)
            except MemoryError:
                area = math.prod(plan.tiles[0].size)
                smaller = None if largest is None else case.plan(area // 2)
                if smaller is None or math.prod(smaller.tiles[0].size) >= area:
                    raise
                plan = smaller
            else:
                verdict = self._guarded(pixels, result, finite, options)
                return Restored(result, len(plan.tiles), time.perf_counter() - started, verdict)

    def takes_ycbcr(self, size: tuple[int, int], options: RestoreOptions = RestoreOptions()) -> bool:
        """Whether pictures of a (height, width) can be restored `on_ycbcr`: by some engines, in one piece."""
        return self._plan_for_ycbcr(size, options) is not None

    def on_ycbcr(self, picture: YCbCr, options: RestoreOptions = RestoreOptions()) -> YCbCr | None:
        """Restore a picture in luma and chroma, without the guard; never turned into RGB, it takes less time.

        Returns:
            the result; None if the picture must be RGB all the same, since memory has got short and tiles are
            needed.
        """
        plan = self._plan_for_ycbcr(picture.size, options)
        if plan is None or not isinstance(plan.engine, TakingYCbCr):
            return None
        if isinstance(plan.engine, Preparing):
            plan.engine.keep(plan.kept)
        sharp = picture.empty_of(plan.size)
        try:
            plan.engine.run_on_ycbcr(picture.padded(plan.size), sharp)
        except MemoryError:
            return None
        return sharp.part(picture.size)

    def prepare(self, size: tuple[int, int], dtype: Any, options: RestoreOptions = RestoreOptions()) -> None:
        """Let the engine prepare itself, in the background, for a picture that is still being read.

        Args:
            size: (height, width) of the picture.
            dtype: of its pixels.
            options: how it will be restored.

        Raises:
            DeblurganError: as when it is restored.
        """
        plan = self.plan(size, dtype, options)
        # Several views of a picture have sizes of their own.
        if isinstance(plan.engine, Preparing) and not (options.self_ensemble or options.multi_scale):
            plan.engine.keep(plan.kept)
            plan.engine.prepare(plan.inputs())

    def plan(self, size: tuple[int, int], dtype: Any, options: RestoreOptions) -> Plan:
        """How a picture would be restored, as far as can be said beforehand; see `prepare`."""
        case = self._case(size, dtype, options)
        return case.plan(case.largest_tile())

    def guards(self, options: RestoreOptions) -> bool:
        """Whether the guard may act: options and preset allow it, and the model does not enlarge."""
        return options.guard and PRESETS[options.preset].guard and self.manifest.scale == 1

    def close(self) -> None:
        """Give the engine's memory back."""
        self.engine.close()

    def _plan_for_ycbcr(self, size: tuple[int, int], options: RestoreOptions) -> Plan | None:
        if not (isinstance(self.engine, TakingYCbCr) and self.engine.takes_ycbcr) or size[0] % 2 or size[1] % 2:
            return None
        plan = self.plan(size, np.uint8, options)
        return plan if plan.on_pixels and len(plan.tiles) == 1 and not plan.scales else None

    def _case(self, size: tuple[int, int], dtype: Any, options: RestoreOptions) -> Case:
        return Case(self.manifest, self.engine, size, np.dtype(dtype), options)

    def _tile_by_tile(
        self, pixels: NDArray[Any], plan: Plan, options: RestoreOptions
    ) -> tuple[NDArray[Any], bool]:
        """The result, and whether the network gave nothing but finite values."""
        engine = plan.engine if plan.on_pixels and isinstance(plan.engine, TakingPixels) else None
        if not plan.scales:
            if engine is not None:
                return on_pixels.restored(engine, pixels, plan.tiles)
            return self._put_together(pixels, plan.tiles, options, self._run(pixels, plan, options))
        picture = self._picture(pixels, plan, options)
        run_passes = self._run_passes(plan, options)
        coarse = passes.found_below(picture, plan.scales, run_passes, plan.below)
        if engine is not None:
            return on_pixels.restored(engine, pixels, plan.tiles, plan.trained, coarse)
        found = passes.found(plan.scales, picture, plan.tiles, coarse, run_passes)
        return self._put_together(pixels, plan.tiles, options, itertools.starmap(_changed, found))

    def _picture(self, pixels: NDArray[Any], plan: Plan, options: RestoreOptions) -> passes.Picture:
        """The picture as passes see it."""
        in_whole_numbers = pixels.dtype.kind == "u" and PRESETS[options.preset].fill is None
        value_range = self.manifest.value_range
        return passes.Picture(
            plan.size,
            plan.rule,
            lambda tile: self._planes(pixels, tile, options)[0],
            self._threads_for(pixels),
            (lambda tile: to_halved_planes(pixels, tile, value_range)) if in_whole_numbers else None,
        )

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

    def _run(self, pixels: NDArray[Any], plan: Plan, options: RestoreOptions) -> Iterator[NDArray[np.float32]]:
        """What the network gives of each tile, [3, h, w]."""
        run = plan.engine.run
        if options.multi_scale:
            run = partial(multi_scale.restored, run, multiple=self.manifest.size_multiple)
        if options.self_ensemble:
            run = partial(self_ensemble.averaged, run)
        for tile in plan.tiles:
            yield run(self._planes(pixels, tile, options))[0]

    def _run_passes(self, plan: Plan, options: RestoreOptions) -> list[passes.RunPass]:
        """What runs a pass, once for each size that the picture is seen at."""
        run_pass = passes.beginning_again(plan.engine.run_pass, plan.surplus)
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
        precision: one of `deblurgan.engines.PRECISIONS`; see `EngineOptions`.

    Raises:
        UnknownModel, BrokenModel, UnknownEngine: what was asked for is not to be had.
    """
    folder = find(model)
    opened = open_engine(folder, engine, threads=threads, precision=precision)
    return Restorer(folder.manifest, opened, threads=threads)
