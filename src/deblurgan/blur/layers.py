"""Objects in front of the background that move in their own way, with soft outlines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.camera import blur_with
from deblurgan.blur.trajectory import Trajectory


@dataclass(frozen=True)
class Layer:
    """One object in front.

    Attributes:
        trajectory: how the object moves over the sensor.
        centre: (row, column) of the object.
        radii: mean radius along its two axes, pixels.
        wobble: amplitude and phase of the outline's first harmonics, float64 [K, 2].
        softness: width of the outline in pixels.
        mirrored: fill the object with the mirrored picture, so that it truly hides what is behind it;
            otherwise the object is a region of the picture itself.
    """

    trajectory: Trajectory
    centre: tuple[float, float]
    radii: tuple[float, float]
    wobble: NDArray[np.float64]
    softness: float
    mirrored: bool


def draw_layer(rng: np.random.Generator, camera: Trajectory, own: Trajectory, size: tuple[int, int]) -> Layer:
    """Draw an object that sees the camera's motion at another depth and adds its own.

    Args:
        rng: source of randomness.
        camera: motion of the background.
        own: motion of the object; its centre of rotation is the camera's.
        size: (height, width) of the picture.
    """
    depth = float(rng.uniform(0.0, 1.0))
    seen = camera.scaled(depth)
    height, width = size
    harmonics = 4
    return Layer(
        trajectory=Trajectory(seen.shift + own.shift, seen.angle + own.angle, seen.zoom + own.zoom, camera.centre),
        centre=(float(rng.uniform(0.2, 0.8) * height), float(rng.uniform(0.2, 0.8) * width)),
        radii=(float(rng.uniform(0.08, 0.35) * height), float(rng.uniform(0.08, 0.35) * width)),
        wobble=np.stack(
            [
                rng.normal(0, 0.15, harmonics) / np.arange(1, harmonics + 1),
                rng.uniform(0, 2 * np.pi, harmonics),
            ],
            axis=1,
        ),
        softness=float(rng.uniform(0.7, 3.0)),
        mirrored=bool(rng.uniform() < 0.5),
    )


def mask_of(layer: Layer, size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel the object covers in the sharp picture; float32 [H, W] in [0, 1]."""
    rows = (np.arange(size[0], dtype=np.float32)[:, None] - layer.centre[0]) / layer.radii[0]
    columns = (np.arange(size[1], dtype=np.float32)[None, :] - layer.centre[1]) / layer.radii[1]
    angle = np.arctan2(rows, columns)
    outline = np.ones_like(angle)
    for order, (amplitude, phase) in enumerate(layer.wobble, start=1):
        outline += np.float32(amplitude) * np.cos(order * angle + np.float32(phase))
    distance = (outline - np.hypot(rows, columns)) * np.float32(min(layer.radii))
    covered: NDArray[np.float32] = np.clip(0.5 + distance / layer.softness, 0, 1).astype(np.float32)
    return covered


def put_in_front(
    sharp: NDArray[np.float32], blurred: NDArray[np.float32], layer: Layer, margin: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lay one object over a sharp picture and over its blurred version.

    Args:
        sharp: float32 [H + 2 * margin, W + 2 * margin, 3].
        blurred: float32 [H, W, 3], the same scene without the object.
        layer: the object.
        margin: as in `blur_with`.

    Returns:
        The two pictures with the object, in the shapes they came in.
    """
    mask = mask_of(layer, sharp.shape[:2])[:, :, None]
    surface = sharp[:, ::-1] if layer.mirrored else sharp
    moving = blur_with(np.concatenate([surface * mask, mask], axis=2), layer.trajectory, margin)
    return sharp * (1 - mask) + surface * mask, blurred * (1 - moving[:, :, 3:]) + moving[:, :, :3]
