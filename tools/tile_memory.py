"""What an engine takes for each pixel of a tile, the figures in `memory.py`: `python tools/tile_memory.py`."""

from __future__ import annotations

import multiprocessing

import numpy as np

from deblurgan import load, peak_memory
from deblurgan.memory import ENGINE_MEMORY
from deblurgan.restore import RestoreOptions

SIDES = (512, 1024, 2048, 3072)


def peak(engine: str, precision: str, side: int) -> int:
    """Bytes that a process took at most for two tiles in turn, without those of the picture and its result."""
    restorer = load(engine=engine, precision=precision)
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    for _ in range(2):
        result = restorer(picture, RestoreOptions(tile="off", guard=False))
    assert result.tiles == 1
    return peak_memory.highest() - 2 * picture.nbytes


if __name__ == "__main__":
    for engine, precision in ENGINE_MEMORY:
        peaks = []
        for side in SIDES:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                peaks.append(pool.apply(peak, (engine, precision, side)))
        slope, start = np.polyfit([side * side for side in SIDES], peaks, 1)
        print(f"{engine} {precision}: {start / 1e6:.0f} MB and {slope:.0f} bytes a pixel", flush=True)
