"""What models gain on straight motion blur, by its length.

Usage: python tools/straight_blur.py PAIRS [--model NAME_OR_PATH ...] [--lengths 6 12 ...] [--enlarged 2]
       [--precision NAME] [--multi-scale]

Pictures are enlarged before they are blurred: how many pixels one has decides on the sizes that it is seen at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deblurgan import RestoreOptions, Restorer, find_pairs, load, read
from deblurgan.blur.camera import blur_with
from deblurgan.blur.trajectory import TIME_STEPS, Trajectory
from deblurgan.metrics import psnr
from deblurgan.resampling import enlarged
from deblurgan.samples import to_float, to_integer

LENGTHS = (6, 12, 24, 36, 48, 72)
PICTURES = 4


def straight(length: float, angle: float) -> Trajectory:
    """A motion of `length` pixels in one direction, in radians."""
    time = np.linspace(-0.5, 0.5, TIME_STEPS) * length
    still = np.zeros(TIME_STEPS)
    return Trajectory(np.stack([np.sin(angle) * time, np.cos(angle) * time], axis=1), still, still, (0.0, 0.0))


def gain(
    restorers: list[Restorer], pictures: list[NDArray[np.float32]], length: float, options: RestoreOptions
) -> list[float]:
    """Mean gain in PSNR of each model, dB, each picture blurred in a direction of its own."""
    margin = int(length) // 2 + 2
    gains = np.zeros((len(restorers), len(pictures)))
    for column, picture in enumerate(pictures):
        blurred = blur_with(picture, straight(length, 0.3 + 0.8 * column), margin)
        stored = to_float(to_integer(blurred, 8))
        sharp = picture[margin:-margin, margin:-margin]
        for row, restorer in enumerate(restorers):
            restored = restorer(stored, options).pixels
            gains[row, column] = psnr(restored, sharp, data_range=1) - psnr(stored, sharp, data_range=1)
    return [float(mean) for mean in gains.mean(axis=1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", nargs="+", default=["default"])
    parser.add_argument("--lengths", type=float, nargs="+", default=LENGTHS)
    parser.add_argument("--enlarged", type=int, default=1, help="times")
    parser.add_argument("--precision", default="auto", help="auto, f32, bf16 or int8")
    parser.add_argument("--multi-scale", action="store_true", help="average over several sizes")
    arguments = parser.parse_args()
    options = RestoreOptions(guard=False, multi_scale=arguments.multi_scale)
    found = find_pairs(arguments.pairs)
    chosen = found[:: max(1, len(found) // PICTURES)][:PICTURES]
    sharp = [enlarged(read(pair.sharp).pixels, arguments.enlarged) for pair in chosen]
    restorers = [load(model, precision=arguments.precision) for model in arguments.model]
    print("length", *arguments.model, sep="\t")
    for length in arguments.lengths:
        means = (f"{mean:+.2f}" for mean in gain(restorers, sharp, length, options))
        print(f"{length:g}", *means, sep="\t", flush=True)
