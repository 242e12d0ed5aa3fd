"""What the camera does to light: tone curve, saturation, noise, processing, compression."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from deblurgan.image import to_float, to_integer

GAMMA = 2.2
_HIGHLIGHT_FROM = 0.96
# Pixels across.
_NEIGHBOURHOOD = 5


@dataclass(frozen=True)
class Processing:
    """What most cameras do before they compress.

    Attributes:
        smoothing: differences between neighbours that are taken for noise and evened out, in standard deviations
            of the noise.
        sharpening: how many times what a blur by `radius` takes away is added again.
        radius: standard deviation of that blur in pixels.
    """

    smoothing: float
    sharpening: float
    radius: float


@dataclass(frozen=True)
class Sensor:
    """The drawn properties of one camera.

    Attributes:
        linear: exposures add up in linear light (GoPro's `blur_gamma`, real cameras) instead of in the
            stored values (GoPro's `blur`).
        highlight: how many times brighter than white a clipped pixel really was, minus one.
        read_noise: standard deviation of the noise in the dark, in [0, 1] units of the stored values.
        shot_noise: variance added per unit of brightness; the Poisson part, in its Gaussian limit.
        jpeg_quality: 1 to 100, or None for no compression.
        seed: of the noise.
        processing: what the camera does about noise and softness; None for nothing.
    """

    linear: bool
    highlight: float
    read_noise: float
    shot_noise: float
    jpeg_quality: int | None
    seed: int
    processing: Processing | None = None


def to_light(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Stored values in [0, 1] to the quantity that adds up during exposure, highlights restored."""
    light = values ** np.float32(GAMMA) if sensor.linear else values
    if sensor.highlight == 0:
        return light
    clipped = np.clip((values - _HIGHLIGHT_FROM) / (1 - _HIGHLIGHT_FROM), 0, 1)
    return light * (1 + np.float32(sensor.highlight) * clipped)


def to_values(light: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Light to stored values in [0, 1], clipping what is brighter than white."""
    clipped = np.clip(light, 0, 1)
    return clipped ** np.float32(1 / GAMMA) if sensor.linear else clipped


def add_noise(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Add signal-dependent noise to stored values in [0, 1]; the result is clipped to [0, 1]."""
    if not _is_noisy(sensor):
        return values
    deviation = np.sqrt(np.float32(sensor.read_noise**2) + np.float32(sensor.shot_noise) * values)
    noise = np.random.default_rng(sensor.seed).standard_normal(values.shape, dtype=np.float32)
    return np.clip(values + deviation * noise, 0, 1).astype(np.float32)


def smoothed(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Even out noise as the camera does, by a bilateral filter; values in [0, 1]."""
    if sensor.processing is None or not _is_noisy(sensor):
        return values
    import cv2

    typical = np.sqrt(sensor.read_noise**2 + sensor.shot_noise * float(values.mean()))
    evened: NDArray[np.float32] = cv2.bilateralFilter(
        values, _NEIGHBOURHOOD, sensor.processing.smoothing * typical, _NEIGHBOURHOOD / 3
    )
    return evened


def sharpened(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Sharpen as the camera does, by an unsharp mask; values in [0, 1]."""
    if sensor.processing is None:
        return values
    import cv2

    lost = values - cv2.GaussianBlur(values, (0, 0), sensor.processing.radius)
    clipped: NDArray[np.float32] = np.clip(values + np.float32(sensor.processing.sharpening) * lost, 0, 1)
    return clipped


def compress(values: NDArray[np.float32], sensor: Sensor) -> NDArray[np.float32]:
    """Round to 8 bits and pass through JPEG if the camera does; values in [0, 1]."""
    stored = to_integer(values, 8)
    if sensor.jpeg_quality is not None:
        file = io.BytesIO()
        PillowImage.fromarray(stored).save(file, "JPEG", quality=sensor.jpeg_quality)
        stored = np.asarray(PillowImage.open(file))
    return to_float(stored)


def _is_noisy(sensor: Sensor) -> bool:
    return sensor.read_noise > 0 or sensor.shot_noise > 0
