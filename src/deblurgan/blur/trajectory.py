"""Camera trajectories: how a point of the picture moves while the shutter is open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TIME_STEPS = 65


@dataclass(frozen=True)
class Trajectory:
    """Motion of the camera during one exposure, sampled evenly in time.

    All values are relative to their mean over time: the sharp picture has every point in the middle of what it is
    smeared over. Nobody can tell from a blurred picture where the camera was at a certain moment, so the sharp
    picture of one would be out of place by chance.

    Attributes:
        shift: translation in pixels, (down, right), float64 [T, 2].
        angle: rotation about `centre` in radians, float64 [T].
        zoom: relative change of scale about `centre`, float64 [T].
        centre: (row, column) of the point that rotation and zoom leave in place; may lie outside.
    """

    shift: NDArray[np.float64]
    angle: NDArray[np.float64]
    zoom: NDArray[np.float64]
    centre: tuple[float, float]

    def displacements(self, point: tuple[float, float]) -> NDArray[np.float64]:
        """Where `point` (row, column) goes over time, in pixels from where the sharp picture has it; [T, 2]."""
        row, column = point[0] - self.centre[0], point[1] - self.centre[1]
        scale = 1.0 + self.zoom
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turned = np.stack([cosine * row + sine * column, cosine * column - sine * row], axis=1)
        return self.shift + scale[:, None] * turned - np.array([row, column])

    def scaled(self, factor: float) -> Trajectory:
        """The same motion, `factor` times as strong: how a layer at another depth sees it."""
        return Trajectory(self.shift * factor, self.angle * factor, self.zoom * factor, self.centre)

    def reach(self, corners: list[tuple[float, float]]) -> float:
        """Largest displacement, in pixels along one axis, of any of the given points."""
        return max(float(np.abs(self.displacements(corner)).max()) for corner in corners)


def _smooth_path(rng: np.random.Generator, shake: float) -> NDArray[np.float64]:
    """A path of extent 1 over time, zero in the mean: straight for `shake` 0, a wobble for 1; [T]."""
    time = np.linspace(-0.5, 0.5, TIME_STEPS)
    wobble = np.zeros(TIME_STEPS)
    for cycles in rng.uniform(0.4, 2.5, size=3):
        wobble += rng.normal() / cycles * np.sin(2 * np.pi * (cycles * time + rng.uniform()))
    wobble /= max(float(np.ptp(wobble)), 1e-9)
    path = (1 - shake) * time + shake * wobble
    return (path - path.mean()) / max(float(np.ptp(path)), 1e-9)


def draw_trajectory(
    rng: np.random.Generator,
    *,
    length: float,
    size: tuple[int, int],
    rotation: float,
    zoom: float,
    straightness: float,
) -> Trajectory:
    """Draw a camera motion between a straight line and a shaken hand.

    Args:
        rng: source of randomness.
        length: extent of the translation in pixels.
        size: (height, width) of the picture the motion is for.
        rotation: extent in pixels, at the corner furthest from the centre of rotation.
        zoom: extent in pixels, likewise.
        straightness: power that the share of wobble, drawn from [0, 1], is raised to.
    """
    shake = float(rng.uniform()) ** straightness
    direction = rng.uniform(0, 2 * np.pi)
    along, across = _smooth_path(rng, shake), _smooth_path(rng, 1.0) * shake * rng.uniform(0, 0.7)
    heading = np.array([np.sin(direction), np.cos(direction)])
    sideways = np.array([heading[1], -heading[0]])
    shift = length * (along[:, None] * heading + across[:, None] * sideways)
    height, width = size
    centre = (float(rng.uniform(-1, 2) * height), float(rng.uniform(-1, 2) * width))
    radius = float(np.hypot(max(centre[0], height - centre[0]), max(centre[1], width - centre[1])))
    return Trajectory(
        shift=shift,
        angle=_smooth_path(rng, shake) * rotation / radius,
        zoom=_smooth_path(rng, shake) * zoom / radius,
        centre=centre,
    )
