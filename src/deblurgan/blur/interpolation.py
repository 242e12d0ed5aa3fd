"""Pictures between two consecutive frames, along the optical flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblurgan.extras import require
from deblurgan.image import to_integer

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SMALLEST_SIDE = 16
_INVERSION_STEPS = 3
_LEAST_TRUST = np.float32(0.2)
_LEAST_WEIGHT = np.float32(1e-3)

Picture = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Motion:
    """Optical flow between two frames, both ways, and how far each is to be trusted.

    Attributes:
        forward: where each point of the first frame goes until the second, in pixels, (right, down),
            float32 [H, W, 2].
        backward: where each point of the second frame goes until the first, likewise.
        forward_trust: 1 where the backward flow leads back to the start, 0.2 where it does not, as for points
            that the other frame does not show; float32 [H, W].
        backward_trust: likewise for the points of the second frame.
    """

    forward: Picture
    backward: Picture
    forward_trust: Picture
    backward_trust: Picture


def estimate_motion(first: Picture, second: Picture) -> Motion:
    """Optical flow between two frames (DIS: Kroeger et al., ECCV 2016).

    Args:
        first: float32 [H, W, 3] in [0, 1], stored values.
        second: the next frame, likewise.

    Raises:
        ValueError: the frames differ in size or have a side of fewer than 16 pixels.
        MissingExtra: OpenCV is not installed.
    """
    require("video", "Interpolating frames")
    import cv2

    if first.shape != second.shape or min(first.shape[:2]) < SMALLEST_SIDE:
        raise ValueError(
            f"frames must be alike and at least {SMALLEST_SIDE} pixels along each side, "
            f"not {first.shape} and {second.shape}"
        )
    grey = [to_integer(frame @ _LUMA, 8) for frame in (first, second)]
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forward = flow.calc(grey[0], grey[1], None)
    backward = flow.calc(grey[1], grey[0], None)
    return Motion(forward, backward, _agreement(forward, backward), _agreement(backward, forward))


def interpolate(first: Picture, second: Picture, motion: Motion, time: float) -> Picture:
    """The picture at a moment between two frames.

    Both frames are warped to that moment. Where only one of them shows the point, that one counts; elsewhere
    the nearer one counts more.

    Args:
        first: float32 [H, W, 3], in the space where light adds up.
        second: the next frame, likewise.
        motion: between the two, as `estimate_motion` gives it.
        time: 0 is the first frame, 1 the second.

    Returns:
        float32 [H, W, 3], within the range of the frames.
    """
    early, early_weight = _warp(first, motion.forward, motion.forward_trust, time)
    late, late_weight = _warp(second, motion.backward, motion.backward_trust, 1 - time)
    early_weight = np.float32(1 - time) * (early_weight + _LEAST_WEIGHT)
    late_weight = np.float32(time) * (late_weight + _LEAST_WEIGHT)
    share = (late_weight / (early_weight + late_weight))[:, :, None]
    return early + share * (late - early)


def along(picture: Picture, flow: Picture) -> Picture:
    """Values of the second frame's picture at where each point of the first frame has gone, [H, W, 3].

    Args:
        picture: of the second frame, float32 [H, W, 3].
        flow: `Motion.forward`.
    """
    return _sample(picture, _grid(flow.shape[:2]) + flow)


def _warp(frame: Picture, flow: Picture, trust: Picture, time: float) -> tuple[Picture, Picture]:
    """Move a frame `time` of the way along its flow; the result and the trust in it, [H, W, 3] and [H, W]."""
    import cv2

    grid = _grid(frame.shape[:2])
    # The flow belongs to where a point starts, but is needed where it arrives: solved by fixed-point steps.
    start = grid
    for _ in range(_INVERSION_STEPS):
        start = grid - np.float32(time) * _sample(flow, start)
    # No start leads to a point that this frame does not show: the steps end elsewhere.
    missed = start + np.float32(time) * _sample(flow, start) - grid
    inside = cv2.remap(trust, start, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return _sample(frame, start), inside * np.exp(-_squared_length(missed))


def _agreement(flow: Picture, other: Picture) -> Picture:
    """Trust in a flow by its round trip, with the tolerance of Sundaram et al. (ECCV 2010), [H, W]."""
    back = along(other, flow)
    tolerance = 0.01 * (_squared_length(flow) + _squared_length(back)) + 0.5
    agreement = np.exp(-_squared_length(flow + back) / tolerance)
    # Never zero: a point hidden in the other frame makes no round trip, yet here alone it can be seen.
    return _LEAST_TRUST + (1 - _LEAST_TRUST) * agreement


def _sample(picture: Picture, places: Picture) -> Picture:
    """Values of a picture at places (right, down), [H, W, 2], between its pixels linearly."""
    import cv2

    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _grid(size: tuple[int, ...]) -> Picture:
    rows, columns = np.indices(size, dtype=np.float32)
    return np.stack([columns, rows], axis=2)


def _squared_length(vectors: Picture) -> Picture:
    return np.einsum("...i,...i->...", vectors, vectors)
