"""Merge each restored frame of a clip with those around it along the optical flow, where they show the same.

What a network gets wrong differs from frame to frame, for each was blurred in another way; what it gets right does
not. So the mean along the motion is steadier than each frame, and closer to the truth. Where two show the same,
the sharper counts more; Cho et al. (Video Deblurring for Hand-held Cameras, SIGGRAPH 2012) take from the sharpest
alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.interpolation import SMALLEST_SIDE, estimate_motion
from deblurgan.extras import require
from deblurgan.samples import as_float, white_of

Picture = NDArray[Any]

_WEIGHT = np.float32(0.6)  # of a neighbour that agrees, beside 1 for the frame itself
_TRUST_BEYOND = np.float32(0.7)  # at most, in two flows one after the other
_TOLERANCE = 0.1  # difference, of values in [0, 1], at which a neighbour's weight has fallen to 1 / e
_BLUR = 1.5  # standard deviation, in pixels at half the size, over which differences are averaged
_AROUND = 13  # pixels at half the size over which steepness is averaged
_FLOOR = 0.01  # steepness of noise, as a share of white for each pixel at half the size
_MOST = 4.0  # times that a neighbour counts more, or less, for its sharpness


@dataclass(frozen=True, eq=False)
class _Frame:
    """A frame, and what is found out about it once.

    Attributes:
        pixels: [H, W, 3].
        half: of half the size, float32 in [0, 1]. There the flow is as good, for frames are hardly sharper than
            that, and found four times as fast.
        steepness: mean square of the gradient around each point of that, and of noise besides, [H / 2, W / 2].
    """

    pixels: Picture
    half: NDArray[np.float32]
    steepness: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Neighbour:
    """A frame near another, and where the other's points are in it.

    Attributes:
        frame: the neighbour.
        flow: from the other frame to it, in pixels at half the size.
        trust: in the flow, in [0, 1].
    """

    frame: _Frame
    flow: NDArray[np.float32]
    trust: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Moment:
    """A frame of a clip, and how it and the next see each other.

    Attributes:
        frame: None if there is none, or if it is as it should be.
        later: the next as this one's neighbour.
        earlier: this one as the next one's neighbour.
    """

    frame: _Frame | None = None
    later: _Neighbour | None = None
    earlier: _Neighbour | None = None


def steadied(frames: Iterable[Picture | None]) -> Iterator[Picture | None]:
    """Merge each frame with the two before and the two after it; two more are drawn than were given.

    Args:
        frames: [H, W, 3] of one size; uint8, uint16, or float32 in [0, 1]. None stays None, and frames with a side
            of fewer than 32 pixels stay as they are.

    Raises:
        MissingExtra: OpenCV is not installed.
    """
    require("video", "Merging frames")
    window = deque([_Moment(), _Moment()], maxlen=4)
    for moment in chain(_moments(frames), [_Moment()]):
        window.append(moment)
        if len(window) == window.maxlen:
            before, last, here, following = window
            earlier = _in_turn(last.earlier, before.earlier)
            later = _in_turn(here.later, following.later)
            yield None if here.frame is None else _merged(here.frame, [*earlier, *later])


def _moments(frames: Iterable[Picture | None]) -> Iterator[_Moment]:
    for here, after in pairwise(chain(map(_seen, frames), [None])):
        if here is None or after is None or min(here.pixels.shape[:2]) < 2 * SMALLEST_SIDE:
            yield _Moment(here)
        else:
            motion = estimate_motion(here.half, after.half)
            yield _Moment(
                here,
                later=_Neighbour(after, motion.forward, motion.forward_trust),
                earlier=_Neighbour(here, motion.backward, motion.backward_trust),
            )


def _seen(pixels: Picture | None) -> _Frame | None:
    import cv2

    if pixels is None:
        return None
    height, width = pixels.shape[:2]
    half = cv2.resize(as_float(pixels), ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    grey = cv2.transform(half, np.full((1, 3), 1 / 3, np.float32))
    # Sobel's kernel adds up eight differences.
    squares = sum(cv2.Sobel(grey, cv2.CV_32F, *along, scale=1 / 8) ** 2 for along in ((1, 0), (0, 1)))
    return _Frame(pixels, half, cv2.blur(squares, (_AROUND, _AROUND)) + np.float32(_FLOOR**2))


def _in_turn(near: _Neighbour | None, beyond: _Neighbour | None) -> list[_Neighbour]:
    """A frame's neighbour, and that one's as the frame's own: one flow after the other."""
    import cv2

    if near is None:
        return []
    if beyond is None:
        return [near]
    places = _places(near.flow)
    further = cv2.remap(beyond.flow, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # What has left the picture on its way is not to be trusted.
    trust = cv2.remap(beyond.trust, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return [near, _Neighbour(beyond.frame, near.flow + further, _TRUST_BEYOND * near.trust * trust)]


def _merged(frame: _Frame, neighbours: Sequence[_Neighbour]) -> Picture:
    import cv2

    if not neighbours:
        return frame.pixels
    merged = frame.pixels.astype(np.float32)
    total = np.ones(merged.shape[:2], np.float32)
    for neighbour in neighbours:
        moved = _moved(neighbour)
        weight = _weight(frame, moved, neighbour)
        merged = cv2.blendLinear(merged, moved.astype(np.float32, copy=False), total, weight)
        total += weight
    dtype = frame.pixels.dtype
    return merged if dtype.kind == "f" else np.rint(merged, out=merged).astype(dtype)


def _moved(neighbour: _Neighbour) -> Picture:
    """The neighbour's pixels where its points are in the other frame."""
    import cv2

    pixels = neighbour.frame.pixels
    height, width = pixels.shape[:2]
    half = neighbour.trust.shape
    flow = cv2.resize(neighbour.flow * np.array([width / half[1], height / half[0]], np.float32), (width, height))
    moved = cv2.remap(pixels, _places(flow), None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved if moved.dtype.kind == "u" else np.clip(moved, 0, 1)


def _weight(frame: _Frame, moved: Picture, neighbour: _Neighbour) -> NDArray[np.float32]:
    """Weight of a neighbour beside 1 for the frame, [H, W].

    The more, the more they agree around each point, and the sharper the neighbour is there.
    """
    import cv2

    apart = cv2.resize(cv2.absdiff(frame.pixels, moved), frame.half.shape[1::-1], interpolation=cv2.INTER_AREA)
    mean = np.full((1, 3), 1 / (3 * _TOLERANCE * white_of(frame.pixels.dtype)), np.float32)
    apart = cv2.GaussianBlur(cv2.transform(apart.astype(np.float32), mean), (0, 0), _BLUR)
    # Squared, for trust never falls to nothing, and a wrong place that looks alike does harm.
    agreed = _WEIGHT * neighbour.trust**2 * np.exp(-(apart**2))
    steepness = cv2.remap(
        neighbour.frame.steepness,
        _places(neighbour.flow),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    sharper = np.clip((steepness / frame.steepness) ** 2, 1 / _MOST, _MOST)
    weight: NDArray[np.float32] = cv2.resize(agreed * sharper, frame.pixels.shape[1::-1])
    return weight


def _places(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where a flow leads to from each point, (right, down), [H, W, 2]."""
    return flow + _points(*flow.shape[:2])


@lru_cache(maxsize=4)
def _points(height: int, width: int) -> NDArray[np.float32]:
    rows, columns = np.indices((height, width), np.float32)
    return np.stack([columns, rows], axis=2)
