"""What an engine takes for each pixel of a tile, the figures in `memory.py`: `python tools/tile_memory.py`."""

from __future__ import annotations

import numpy as np

from deblurgan import load, peak_memory
from deblurgan.engines import TakingPixels
from deblurgan.in_process import in_process
from deblurgan.memory import ENGINE_MEMORY

SIDES = (512, 1024, 2048, 3072)


def peak(engine: str, precision: str, side: int, as_pixels: bool) -> int | None:
    """Bytes that a process took at most for two tiles in turn through the last pass of the default model.

    None if the engine takes nothing but floats, and pixels were asked for.
    """
    restorer = load(engine=engine, precision=precision)
    number, opened = restorer.manifest.recurrent_scales, restorer.engine
    # Filled, for memory that nobody has written to is not taken yet.
    coarse = np.full((1, 3, side // 2, side // 2), 0.1, np.float16)
    if not as_pixels:
        picture, change = (np.full((1, 3, side, side), 0.5, np.float32) for _ in range(2))
        for _ in range(2):
            opened.run_pass(number, picture, coarse.astype(np.float32), change)
    elif isinstance(opened, TakingPixels):
        pixels, sharp = (np.full((side, side, 3), 128, np.uint8) for _ in range(2))
        for _ in range(2):
            opened.run_on_pixels(number, pixels, coarse, sharp)
    else:
        return None
    return peak_memory.highest()


if __name__ == "__main__":
    for engine, precision in ENGINE_MEMORY:
        for as_pixels, kind in ((False, "of floats"), (True, "as pixels")):
            peaks = [in_process(peak, engine, precision, side, as_pixels) for side in SIDES]
            if None not in peaks:
                slope, start = np.polyfit([side * side for side in SIDES], peaks, 1)
                print(
                    f"{engine} {precision}: {start / 1e6:.0f} MB and {slope:.0f} bytes a pixel {kind}", flush=True
                )
