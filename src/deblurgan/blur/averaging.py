"""A long exposure out of many short ones: the mean of consecutive frames and of moments between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.interpolation import estimate_motion, interpolate
from deblurgan.blur.sensor import Sensor, to_light, to_values
from deblurgan.coded import Samples
from deblurgan.image import to_float


def average(frames: Sequence[Samples], parts: int, sensor: Sensor) -> NDArray[np.float32]:
    """The mean of what a camera sees from the first frame to the last.

    Args:
        frames: consecutive, of one size, uint8 or uint16 [H, W, 3]; one is held as floats at a time, and its
            neighbour.
        parts: moments per frame, counting the frame itself; the others are interpolated by optical flow. 16
            turns 240 into 3840 frames per second, as for DeblurGAN-v2; 1 averages the frames alone.
        sensor: whether light adds up linearly, and what clipped highlights held.

    Returns:
        float32 [H, W, 3] in [0, 1], stored values.

    Raises:
        ValueError: the frames are too small or unlike, as in `estimate_motion`.
        MissingExtra: `parts` is more than 1 and OpenCV is not installed.
    """
    values = to_float(frames[0])
    light = to_light(values, sensor)
    total = light.copy()
    for frame in frames[1:]:
        before, light_before = values, light
        values = to_float(frame)
        light = to_light(values, sensor)
        if parts > 1:
            motion = estimate_motion(before, values)
            for part in range(1, parts):
                total += interpolate(light_before, light, motion, part / parts)
        total += light
    return to_values(total / np.float32(_moments(len(frames), parts)), sensor)


def variance_left(frames: int, parts: int) -> float:
    """The share of one frame's noise variance that is left in the average of several, in (0, 1].

    Exact where nothing moves. Where things move, an average draws on more pixels and keeps a little less.

    Args:
        frames: averaged.
        parts: moments per frame, as in `average`.
    """
    times = np.arange(_moments(frames, parts)) / parts
    tents = np.maximum(0, 1 - np.abs(times[None, :] - np.arange(frames)[:, None]))
    return float((tents.mean(axis=1) ** 2).sum())


def _moments(frames: int, parts: int) -> int:
    return (frames - 1) * parts + 1
