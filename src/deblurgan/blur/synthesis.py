"""Draw a whole exposure, then apply it: a sharp picture in, a blurred and sharp pair out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.camera import blur_with, corners
from deblurgan.blur.defocus import defocused
from deblurgan.blur.layers import Layer, draw_layer, put_in_front
from deblurgan.blur.lettering import Line, draw_lettering, lettered
from deblurgan.blur.lights import Night, draw_night, lit
from deblurgan.blur.sensor import (
    Processing,
    Sensor,
    add_noise,
    compress,
    sharpened,
    smoothed,
    to_light,
    to_values,
)
from deblurgan.blur.trajectory import Trajectory, draw_trajectory


@dataclass(frozen=True)
class BlurSettings:
    """The ranges that exposures are drawn from; lengths in pixels, shares in [0, 1].

    Attributes:
        longest: largest displacement from its place that any point may make, and so the margin needed.
        shortest: least extent of a camera motion; lengths are spread evenly on a logarithmic scale.
        still: share of exposures without any motion, which teach to leave sharp pictures alone.
        rotation: largest extent of rotation at the picture's far corner.
        zoom: likewise of zoom.
        straightness: how rarely hands shake: the power that a motion's share of wobble, drawn from [0, 1], is
            raised to.
        layered: share of exposures with one or two objects that move on their own.
        linear: share of exposures that add up in linear light.
        highlights: share with light sources far brighter than white.
        noisy: share with noise.
        read_noise: largest standard deviation of the noise in the dark, [0, 1] units.
        shot_noise: largest variance per unit of brightness.
        compressed: share that passes through JPEG.
        jpeg_quality: lowest quality used, up to 98.
        defocused: share of pictures that are out of focus, on both sides of the pair, half of them taken without
            any motion: they teach to leave a blurred background as it is.
        defocus_radius: largest radius of the disc that a point out of focus becomes, from `LEAST_DEFOCUS` on.
        night: share of pictures made dark, with lamps that are clipped wherever they shine.
        processed: share whose noise the camera evens out, and both sides of which it sharpens.
        lettered: share of pictures with print in them.
    """

    longest: int = 24
    shortest: float = 3.0
    still: float = 0.04
    rotation: float = 10.0
    zoom: float = 6.0
    straightness: float = 1.5
    layered: float = 0.35
    linear: float = 0.5
    highlights: float = 0.2
    noisy: float = 0.5
    read_noise: float = 0.015
    shot_noise: float = 0.0004
    compressed: float = 0.25
    jpeg_quality: int = 70
    defocused: float = 0.0
    defocus_radius: float = 12.0
    night: float = 0.0
    processed: float = 0.0
    lettered: float = 0.0


LEAST_DEFOCUS = 2.0
"""Pixels; a smaller disc looks like any lens at the edge of its picture, and may be sharpened."""


@dataclass(frozen=True)
class Exposure:
    """One drawn exposure: enough to repeat it exactly.

    Attributes:
        camera: motion of the background, in coordinates of the picture with its margin.
        layers: objects in front, nearest last.
        sensor: what the camera does to the light.
        margin: pixels around the picture that only lend light.
        defocus: radius in pixels of the disc that every point has become before anything moves.
        night: darkness and lamps; None by day.
        lettering: lines of print.
    """

    camera: Trajectory
    layers: tuple[Layer, ...]
    sensor: Sensor
    margin: int
    defocus: float = 0.0
    night: Night | None = None
    lettering: tuple[Line, ...] = ()


def draw_exposure(rng: np.random.Generator, settings: BlurSettings, size: tuple[int, int]) -> Exposure:
    """Draw motion, objects and sensor for a picture of `size` (height, width), margin included."""
    camera = _draw_motion(rng, settings, size)
    count = int(rng.integers(1, 3)) if rng.uniform() < settings.layered else 0
    layers = tuple(_draw_layer(rng, camera, settings, size) for _ in range(count))
    sensor, radius = _draw_sensor(rng, settings), 0.0
    if rng.uniform() < settings.defocused:
        radius = LEAST_DEFOCUS * (settings.defocus_radius / LEAST_DEFOCUS) ** float(rng.uniform())
        if rng.uniform() < 0.5:
            camera, layers = camera.scaled(0.0), ()
    night = draw_night(rng, size) if rng.uniform() < settings.night else None
    if night:
        # Only of light does a lamp leave a trail as bright as itself.
        sensor = replace(sensor, linear=True)
    if rng.uniform() < settings.processed:
        sensor = replace(sensor, processing=_draw_processing(rng))
    lettering = draw_lettering(rng, size) if rng.uniform() < settings.lettered else ()
    return Exposure(camera, layers, sensor, settings.longest, radius, night, lettering)


def expose(picture: NDArray[np.float32], exposure: Exposure) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Take the picture with a moving camera.

    Args:
        picture: sharp, float32 [H + 2 * margin, W + 2 * margin, 3] in [0, 1].
        exposure: what `draw_exposure` gave.

    Returns:
        (blurred, sharp), both float32 [H, W, 3] in [0, 1]; every motion is centred on sharp.
    """
    sensor, margin = exposure.sensor, exposure.margin
    light = to_light(lettered(picture, exposure.lettering), sensor)
    light = defocused(lit(light, exposure.night) if exposure.night else light, exposure.defocus)
    blurred = blur_with(light, exposure.camera, margin)
    for layer in exposure.layers:
        light, blurred = put_in_front(light, blurred, layer, margin)
    inside = light[margin : light.shape[0] - margin, margin : light.shape[1] - margin]
    noisy = add_noise(to_values(blurred, sensor), sensor)
    # What a camera held still would have given, with less noise.
    sharp = sharpened(to_values(inside, sensor), sensor)
    return compress(sharpened(smoothed(noisy, sensor), sensor), sensor), sharp


def _draw_motion(rng: np.random.Generator, settings: BlurSettings, size: tuple[int, int]) -> Trajectory:
    moving = rng.uniform() >= settings.still
    spread = np.log(2 * settings.longest / settings.shortest)
    length = settings.shortest * float(np.exp(rng.uniform() * spread))
    trajectory = draw_trajectory(
        rng,
        length=length,
        size=size,
        straightness=settings.straightness,
        rotation=float(rng.uniform(0, settings.rotation)) * min(1.0, length / 8),
        zoom=float(rng.uniform(0, settings.zoom)) * min(1.0, length / 8),
    )
    return _within(trajectory if moving else trajectory.scaled(0.0), settings, size)


def _draw_layer(
    rng: np.random.Generator, camera: Trajectory, settings: BlurSettings, size: tuple[int, int]
) -> Layer:
    layer = draw_layer(rng, camera, _draw_motion(rng, settings, size).scaled(float(rng.uniform())), size)
    fitting = _within(layer.trajectory, settings, size)
    return Layer(fitting, layer.centre, layer.radii, layer.wobble, layer.softness, layer.mirrored)


def _within(trajectory: Trajectory, settings: BlurSettings, size: tuple[int, int]) -> Trajectory:
    """Weaken a motion until no point leaves the margin (bilinear drawing adds one pixel)."""
    margin = settings.longest
    inner = (size[0] - 2 * margin, size[1] - 2 * margin)
    reach = trajectory.reach(corners(margin, inner))
    allowed = margin - 1
    return trajectory if reach <= allowed else trajectory.scaled(0.98 * allowed / reach)


def _draw_sensor(rng: np.random.Generator, settings: BlurSettings) -> Sensor:
    noise = float(rng.uniform()) ** 2 if rng.uniform() < settings.noisy else 0.0
    compressed = rng.uniform() < settings.compressed
    return Sensor(
        linear=bool(rng.uniform() < settings.linear),
        highlight=float(rng.uniform(0.5, 8)) if rng.uniform() < settings.highlights else 0.0,
        read_noise=noise * settings.read_noise,
        shot_noise=noise * settings.shot_noise,
        jpeg_quality=int(rng.integers(settings.jpeg_quality, 99)) if compressed else None,
        seed=int(rng.integers(2**32)),
    )


def _draw_processing(rng: np.random.Generator) -> Processing:
    return Processing(
        smoothing=float(rng.uniform(1, 5)),
        sharpening=float(rng.uniform(0, 1.2)),
        radius=float(rng.uniform(0.6, 1.8)),
    )
