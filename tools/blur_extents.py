"""How long and how straight the blur of real pairs is: `python tools/blur_extents.py data/pairs/train`.

In each block of a pair the blur kernel is estimated from both pictures, and the extent of a uniform line with the
same spread along its longer and its shorter axis is told.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deblurgan.image import read
from deblurgan.pairs import find_pairs

SIDE, REACH = 256, 48
LEAST_CONTRAST = 0.1
REGULARISATION = 0.02
SMOOTHING = 1.0


def kernel(blurred: NDArray[np.float32], sharp: NDArray[np.float32]) -> NDArray[np.float64]:
    """The kernel that turns `sharp` into `blurred`, [SIDE, SIDE], by regularised division of their spectra."""
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    before, after = (np.fft.fft2((block - block.mean()) * window) for block in (sharp, blurred))
    power = np.abs(before) ** 2
    spectrum = after * np.conj(before) / (power + REGULARISATION * power.mean())
    return np.fft.fftshift(np.fft.ifft2(spectrum).real)


def extents(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Extents of the kernel's brightest connected part along its shorter and longer axis, pixels, [2]."""
    middle = slice(SIDE // 2 - REACH, SIDE // 2 + REACH + 1)
    smooth = ndimage.gaussian_filter(kernel[middle, middle], SMOOTHING)
    parts, _ = ndimage.label(smooth > 0.25 * smooth.max())
    rows, columns = np.nonzero(parts == parts.flat[smooth.argmax()])
    spread = np.cov(np.stack([rows, columns]), aweights=smooth[rows, columns], bias=True)
    variances = np.linalg.eigvalsh(spread) - SMOOTHING**2
    return np.sqrt(12 * np.maximum(variances, 0))


def of_folder(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Extents of all blocks with enough contrast, [N, 2], by the first word of the pairs' names."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for pair in find_pairs(folder):
        blurred, sharp = (read(path).pixels.mean(axis=2) for path in (pair.blurred, pair.sharp))
        for top in range(0, sharp.shape[0] - SIDE + 1, SIDE - 24):
            for left in range(0, sharp.shape[1] - SIDE + 1, SIDE):
                place = slice(top, top + SIDE), slice(left, left + SIDE)
                if sharp[place].std() >= LEAST_CONTRAST:
                    found.setdefault(pair.name.split("_")[0], []).append(
                        extents(kernel(blurred[place], sharp[place]))
                    )
    return {name: np.array(blocks) for name, blocks in found.items()}


if __name__ == "__main__":
    for name, blocks in of_folder(Path(sys.argv[1])).items():
        print(f"{name}: {len(blocks)} blocks; percentiles 10, 25, 50, 75, 90 in pixels")
        for axis, values in (("longer axis", blocks[:, 1]), ("shorter axis", blocks[:, 0])):
            print(
                f"  {axis}: {', '.join(f'{value:.1f}' for value in np.percentile(values, [10, 25, 50, 75, 90]))}"
            )
