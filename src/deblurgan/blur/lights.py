"""Night: a picture made dark, with lamps in it that are many times brighter than white."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# So many times its scale from a lamp, the glow around it is less than a hundredth of what it was.
_GLOW_REACH = 5.0
# Of 100,000 pixels.
_MOST_LAMPS = 25


@dataclass(frozen=True)
class Lamp:
    """One source of light.

    Attributes:
        centre: (row, column) in pixels.
        radii: along its two axes, pixels.
        angle: of the first axis from the rows', radians.
        light: of each channel, 1 is white.
        glow: share of the light that the lens scatters around the lamp.
        glow_scale: distance in pixels over which the glow falls to a third.
    """

    centre: tuple[float, float]
    radii: tuple[float, float]
    angle: float
    light: tuple[float, float, float]
    glow: float
    glow_scale: float


@dataclass(frozen=True)
class Night:
    """How dark it is, and what shines.

    Attributes:
        dimmed: what the picture's own light is multiplied by.
        lamps: in any order.
    """

    dimmed: float
    lamps: tuple[Lamp, ...]


def draw_night(rng: np.random.Generator, size: tuple[int, int]) -> Night:
    """Draw darkness and lamps for a picture of `size` (height, width).

    Lamps of one picture are of a kind, as street lamps or the windows of a house: like sizes, light and glow.
    """
    count = max(1, round(_MOST_LAMPS ** rng.uniform() * size[0] * size[1] / 100_000))
    radius, brightness = 0.7 * 8 ** rng.uniform(), 1.5 * 20 ** rng.uniform()
    glow, glow_scale = 0.05 * rng.uniform() ** 2, rng.uniform(2, 12)
    lamps = []
    for _ in range(count):
        long, flat = radius * 1.6 ** rng.uniform(-1, 1), 1 - 0.7 * rng.uniform() ** 3
        colour = 1 - rng.uniform(0, 0.8) * rng.uniform(size=3)
        red, green, blue = colour / colour.max() * brightness * 2 ** rng.uniform(-1, 1)
        centre = rng.uniform(0, 1, size=2) * size
        lamps.append(
            Lamp(
                (float(centre[0]), float(centre[1])),
                (float(long), float(max(0.5, long * flat))),
                float(rng.uniform(0, np.pi)),
                (float(red), float(green), float(blue)),
                float(glow),
                float(glow_scale),
            )
        )
    return Night(float(0.04 ** rng.uniform()), tuple(lamps))


def lit(light: NDArray[np.float32], night: Night) -> NDArray[np.float32]:
    """The picture at night.

    Args:
        light: float32 [H, W, 3], what adds up during exposure.
        night: as drawn.
    """
    shining = light * np.float32(night.dimmed)
    for lamp in night.lamps:
        _put(shining, lamp)
    return shining


def _put(light: NDArray[np.float32], lamp: Lamp) -> None:
    """Put a lamp and the glow around it into the picture, in place."""
    reach = max(lamp.radii) + 1 + (_GLOW_REACH * lamp.glow_scale if lamp.glow else 0)
    rows, columns = (
        slice(max(0, int(place - reach)), max(0, min(side, int(place + reach) + 2)))
        for place, side in zip(lamp.centre, light.shape[:2], strict=True)
    )
    down = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(lamp.centre[0])
    right = np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(lamp.centre[1])
    cosine, sine = np.float32(np.cos(lamp.angle)), np.float32(np.sin(lamp.angle))
    along, across = cosine * down + sine * right, cosine * right - sine * down
    distance = np.hypot(along / np.float32(lamp.radii[0]), across / np.float32(lamp.radii[1]))
    covered = np.clip(0.5 + (1 - distance) * np.float32(min(lamp.radii)), 0, 1)[:, :, None]
    own = np.asarray(lamp.light, np.float32)
    glow = np.float32(lamp.glow) * np.exp(-np.hypot(down, right) / np.float32(lamp.glow_scale))
    part = light[rows, columns]
    part *= 1 - covered
    part += own * np.maximum(covered, glow[:, :, None])
