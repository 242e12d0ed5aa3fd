"""What an engine takes for each pixel of a tile, the figures in `memory.py`: `python tools/tile_memory.py`."""

from __future__ import annotations

import numpy as np

from deblurgan import load, peak_memory
from deblurgan.in_process import in_process
from deblurgan.memory import ENGINE_MEMORY

SIDES = (512, 1024, 2048, 3072)


def peak(engine: str, precision: str, side: int) -> int:
    """Bytes that a process took at most for two tiles in turn through the last pass of the default model."""
    restorer = load(engine=engine, precision=precision)
    # Filled, for memory that nobody has written to is not taken yet.
    picture, change = (np.full((1, 3, side, side), 0.5, np.float32) for _ in range(2))
    coarse = np.full((1, 3, side // 2, side // 2), 0.1, np.float32)
    for _ in range(2):
        restorer.engine.run_pass(restorer.manifest.recurrent_scales, picture, coarse, change)
    return peak_memory.highest()


if __name__ == "__main__":
    for engine, precision in ENGINE_MEMORY:
        peaks = [in_process(peak, engine, precision, side) for side in SIDES]
        slope, start = np.polyfit([side * side for side in SIDES], peaks, 1)
        print(f"{engine} {precision}: {start / 1e6:.0f} MB and {slope:.0f} bytes a pixel", flush=True)
