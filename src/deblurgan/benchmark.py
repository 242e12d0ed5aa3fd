"""Timings that mean something: warm-up, median, spread, and the machine's own peak beside them."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from dataclasses import dataclass

import numpy as np

from deblurgan import catalogue, peak_memory
from deblurgan.engines import open_engine
from deblurgan.restore import RestoreOptions, Restorer

WARM_UP = 2


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
        share_of_peak: that over what this machine reached in a large float32 matrix product; bf16 may
            exceed 1.
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
    share_of_peak: float


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
        precision: 'auto', 'f32' or 'bf16'.

    Raises:
        DeblurganError: the model or the engine is not to be had.
    """
    # Opened here first, so that a wrong name fails in the caller with its own words.
    catalogue.find(model)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_time_here, (model, engine, size, runs, threads, precision))


def _time_here(
    model: str | None, engine: str, size: tuple[int, int], runs: int, threads: int | None, precision: str
) -> Timing:
    folder = catalogue.find(model)
    restorer = Restorer(folder.manifest, open_engine(folder, engine, threads=threads, precision=precision))
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    # The guard's time depends on the picture, and this one is noise.
    options = RestoreOptions(tile="off", guard=False)
    for _ in range(WARM_UP):
        restorer(picture, options)
    seconds = [restorer(picture, options).seconds for _ in range(runs)]
    median = statistics.median(seconds)
    height, width = size
    rate = folder.manifest.macs_per_pixel * height * width / median / 1e9
    return Timing(
        model=folder.manifest.name,
        engine=restorer.engine.name,
        precision=restorer.engine.precision,
        width=width,
        height=height,
        seconds=round(median, 4),
        fastest=round(min(seconds), 4),
        slowest=round(max(seconds), 4),
        fps=round(1 / median, 2),
        peak_mb=round(peak_memory.highest() / 1e6, 1),
        gmacs_per_second=round(rate, 1),
        share_of_peak=round(rate / peak_rate(), 3),
    )


def peak_rate() -> float:
    """GMAC/s of a large float32 matrix product in numpy, the best of several."""
    side, matrix = 2048, np.ones((2048, 2048), np.float32)
    best = min(_seconds_of_product(matrix) for _ in range(5))
    return side**3 / best / 1e9


def _seconds_of_product(matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
    started = time.perf_counter()
    matrix @ matrix
    return time.perf_counter() - started
