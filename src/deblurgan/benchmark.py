"""Timings that mean something: warm-up, median, spread, and the machine's own peak beside them."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deblurgan import catalogue, manifest, peak_memory
from deblurgan.catalogue import ModelFolder
from deblurgan.engines import ENGINES, Engine, open_engine
from deblurgan.errors import DeblurganError
from deblurgan.in_process import in_process
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions

WARM_UP = 2

# tools/make_convolution.py wrote it.
_CONVOLUTION = Path(__file__).parent / "convolution"
_MAP = (128, 192)


@dataclass(frozen=True)
class Timing:
    """How fast one combination ran.

    Attributes:
        model, engine, precision: the combination.
        width, height: of the picture in pixels.
        seconds: median per picture, from pixels to pixels, without the guard.
        fastest, slowest: seconds.
        fps: pictures per second at the median.
        peak_mb: highest memory of the process that ran it, in MB (10^6 bytes).
        gmacs_per_second: multiply-accumulates of the network's convolutions over the median time.
        share_of_peak: that over what the engine reaches in plain convolutions in the same precision; None for an
            engine that cannot be held against another network.
    """

    model: str
    engine: str
    precision: str
    width: int
    height: int
    seconds: float
    fastest: float
    slowest: float
    fps: float
    peak_mb: float
    gmacs_per_second: float
    share_of_peak: float | None


def time_model(
    model: str | None, engine: str, *, size: tuple[int, int], runs: int, threads: int | None, precision: str
) -> Timing:
    """Time one combination in a process of its own, so that its peak memory is its own too.

    Args:
        model: name or folder; None for the default.
        engine: name, or 'auto'.
        size: (height, width) of the picture.
        runs: timed, after two that are not.
        threads: None for as many as the process may use.
        precision: as in `deblurgan.load`.

    Raises:
        DeblurganError: the model or the engine is not to be had, or the process was killed.
    """
    # Opened here first, so that a wrong name fails in the caller with its own words.
    name = catalogue.find(model).manifest.name
    try:
        return in_process(_time_here, model, engine, size, runs, threads, precision)
    except ChildProcessError as error:
        height, width = size
        raise DeblurganError(
            f"Timing {name} with the engine {engine} at {width}x{height} was cut short, most likely for want of "
            "memory; choose a smaller --size."
        ) from error


def _time_here(
    model: str | None, engine: str, size: tuple[int, int], runs: int, threads: int | None, precision: str
) -> Timing:
    folder = catalogue.find(model)
    opened = open_engine(folder, engine, threads=threads, precision=precision)
    restorer = Restorer(folder.manifest, opened, threads=threads)
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    # The guard's time depends on the picture, and this one is noise.
    options = RestoreOptions(tile="off", guard=False)
    for _ in range(WARM_UP):
        restorer(picture, options)
    engine_used = restorer.plan(size, picture.dtype, options).engine
    seconds = [restorer(picture, options).seconds for _ in range(runs)]
    median = statistics.median(seconds)
    height, width = size
    rate = folder.manifest.macs_per_pixel * height * width / median / 1e9
    return Timing(
        model=folder.manifest.name,
        engine=engine_used.name,
        precision=engine_used.precision,
        width=width,
        height=height,
        seconds=round(median, 4),
        fastest=round(min(seconds), 4),
        slowest=round(max(seconds), 4),
        fps=round(1 / median, 2),
        peak_mb=round(peak_memory.highest() / 1e6, 1),
        gmacs_per_second=round(rate, 1),
        share_of_peak=_share_of_peak(rate, engine_used, threads),
    )


def _share_of_peak(rate: float, engine: Engine, threads: int | None) -> float | None:
    if not ENGINES[engine.name].timed:
        return None
    return round(rate / peak_rate(engine.name, engine.precision, threads), 3)


def peak_rate(engine: str, precision: str, threads: int | None = None) -> float:
    """GMAC/s that an engine reaches here in eight 3x3 convolutions of 128 channels, the best of several.

    Args:
        engine: key of `deblurgan.engines.ENGINES`.
        precision: one of `deblurgan.engines.PRECISIONS`.
        threads: None for as many as the process may use.
    """
    folder = ModelFolder(_CONVOLUTION, manifest.load(_CONVOLUTION))
    opened = open_engine(folder, engine, threads=threads, precision=precision)
    batch = np.ones((1, 128, *_MAP), np.float32)
    opened.run(batch)
    best = min(_seconds_of(opened, batch) for _ in range(5))
    opened.close()
    return folder.manifest.macs_per_pixel * math.prod(_MAP) / best / 1e9


def _seconds_of(engine: Engine, batch: NDArray[np.float32]) -> float:
    started = time.perf_counter()
    engine.run(batch)
    return time.perf_counter() - started
