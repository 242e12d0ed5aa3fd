"""How far tiles are from the whole picture: `python tools/tile_agreement.py PAIRS [--model NAME_OR_PATH]`.

The blurred pictures are restored whole and in tiles of at most 800x800 pixels, without the guard, in float32.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from deblurgan import RestoreOptions, find_pairs, load, read

TILE = 800

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", default="default")
    arguments = parser.parse_args()
    restorer = load(arguments.model, precision="f32")
    largest, mean = [], []
    for pair in find_pairs(arguments.pairs):
        pixels = read(pair.blurred).pixels
        whole, tiled = (restorer(pixels, RestoreOptions(tile=tile, guard=False)) for tile in ("off", TILE))
        assert tiled.tiles > 1
        difference = 255 * np.abs(whole.pixels - tiled.pixels)
        largest.append(float(difference.max()))
        mean.append(float(difference.mean()))
    print(
        f"{len(largest)} pictures, grey levels of 255: largest difference {np.median(largest):.2f} in the median,"
    )
    print(f"{max(largest):.2f} in the worst; mean difference {max(mean):.4f} in the worst")
