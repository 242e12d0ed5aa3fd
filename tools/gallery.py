"""Crops at pixel size, blurred, restored and sharp in a row: `python tools/gallery.py PAIRS -o gallery.jpg`.

No crop is chosen by hand: of the pair with the largest gain, that with the least and some evenly between, the
block in which neighbouring pixels of the sharp picture differ most.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import deblurgan
from deblurgan.image import Image, read, write
from deblurgan.metrics import psnr
from deblurgan.pairs import find_pairs

SIDE, GAP = 256, 8


def busiest(sharp: NDArray[np.float32]) -> tuple[slice, slice]:
    """The block of SIDE pixels with the largest differences between neighbours."""
    steps = np.abs(np.diff(sharp.mean(axis=2), axis=1))
    places = [
        (slice(top, top + SIDE), slice(left, left + SIDE))
        for top in range(0, sharp.shape[0] - SIDE + 1, SIDE // 2)
        for left in range(0, sharp.shape[1] - SIDE + 1, SIDE // 2)
    ]
    return max(places, key=lambda place: float(steps[place].mean()))


def main() -> None:
    """Restore all pairs, then draw some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", default="default")
    parser.add_argument("--rows", type=int, default=5)
    asked = parser.parse_args()
    model = deblurgan.load(asked.model)
    rows = []
    for pair in find_pairs(asked.pairs):
        blurred, sharp = (read(path).pixels for path in (pair.blurred, pair.sharp))
        restored = model(blurred).pixels
        gain = psnr(restored, sharp, data_range=1.0) - psnr(blurred, sharp, data_range=1.0)
        place = busiest(sharp)
        rows.append(
            (gain, pair.name, np.concatenate([picture[place] for picture in (blurred, restored, sharp)], 1))
        )
    rows.sort(key=lambda row: -row[0])
    shown = [rows[index] for index in np.linspace(0, len(rows) - 1, asked.rows).round().astype(int)]
    white = np.ones((GAP, 3 * SIDE, 3), np.float32)
    sheet = np.concatenate([part for _, _, crop in shown for part in (crop, white)][:-1])
    write(Image(sheet), asked.output, quality=88, overwrite=True)
    for gain, name, _ in shown:
        print(f"{name}: {gain:+.2f} dB")


if __name__ == "__main__":
    main()
