"""Merge each restored frame of a clip with its neighbours along the optical flow, where they show the same.

What a network gets wrong differs from frame to frame, for each was blurred in another way; what it gets right does
not. So the mean along the motion is steadier than each frame, and closer to the truth. Where two show the same,
the sharper counts more; Cho et al. (Video Deblurring for Hand-held Cameras, SIGGRAPH 2012) take from the sharpest
alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.interpolation import SMALLEST_SIDE, estimate_motion
from deblurgan.extras import require
from deblurgan.samples import as_float, white_of

Picture = NDArray[Any]

_WEIGHT = np.float32(0.6)  # of a neighbour that agrees, beside 1 for the frame itself
_TOLERANCE = 0.1  # difference, of values in [0, 1], at which a neighbour's weight has fallen to 1 / e
_BLUR = 1.5  # standard deviation, in pixels at half the size, over which differences are averaged
_AROUND = 13  # pixels at half the size over which steepness is averaged
_FLOOR = 0.01  # steepness of noise, as a share of white for each pixel at half the size
_MOST = 4.0  # times that a neighbour counts more, or less, for its sharpness


@dataclass(frozen=True, eq=False)
class _Neighbour:
    """The frame before or after another, and where its points are there.

    Attributes:
        pixels: of the neighbour.
        flow: from the other frame to it, in pixels at half the size.
        trust: in the flow, in [0, 1].
    """

    pixels: Picture
    flow: NDArray[np.float32]
    trust: NDArray[np.float32]


def steadied(frames: Iterable[Picture | None]) -> Iterator[Picture | None]:
    """Merge each frame with those before and after it; one more is drawn than was given.

    Args:
        frames: [H, W, 3] of one size; uint8, uint16, or float32 in [0, 1]. None stays None, and frames with a side
            of fewer than 32 pixels stay as they are.

    Raises:
        MissingExtra: OpenCV is not installed.
    """
    require("video", "Merging frames")
    earlier: _Neighbour | None = None
    for here, after in pairwise(chain(frames, [None])):
        later = following = None
        if here is not None and after is not None and min(here.shape[:2]) >= 2 * SMALLEST_SIDE:
            later, following = _linked(here, after)
        yield None if here is None else _merged(here, [each for each in (earlier, later) if each is not None])
        earlier = following


def _linked(first: Picture, second: Picture) -> tuple[_Neighbour, _Neighbour]:
    """The second as the first's neighbour, and the other way round."""
    import cv2

    # At half the size the flow is as good, for frames are hardly sharper than that, and four times as fast.
    half = ((first.shape[1] + 1) // 2, (first.shape[0] + 1) // 2)
    small = (as_float(cv2.resize(frame, half, interpolation=cv2.INTER_AREA)) for frame in (first, second))
    motion = estimate_motion(*small)
    return (
        _Neighbour(second, motion.forward, motion.forward_trust),
        _Neighbour(first, motion.backward, motion.backward_trust),
    )


def _merged(frame: Picture, neighbours: Sequence[_Neighbour]) -> Picture:
    merged = frame
    total = np.ones(frame.shape[:2], np.float32)
    for neighbour in neighbours:
        moved = _moved(neighbour)
        weight = _weight(frame, moved, neighbour.trust)
        merged = _blended(merged, moved, total, weight)
        total += weight
    return merged


def _moved(neighbour: _Neighbour) -> Picture:
    """The neighbour with its points where they are in the other frame."""
    import cv2

    height, width = neighbour.pixels.shape[:2]
    half = neighbour.trust.shape
    enlarged = neighbour.flow * np.array([width / half[1], height / half[0]], np.float32)
    grid = np.indices((height, width), np.float32)
    across, down = (cv2.resize(shift, (width, height)) for shift in cv2.split(enlarged))
    across += grid[1]
    down += grid[0]
    moved = cv2.remap(neighbour.pixels, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved if moved.dtype.kind == "u" else np.clip(moved, 0, 1)


def _weight(frame: Picture, moved: Picture, trust: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weight of a neighbour beside 1 for the frame, [H, W].

    The more, the more they agree around each point, and the sharper the neighbour is there.
    """
    import cv2

    apart = cv2.resize(cv2.absdiff(frame, moved), trust.shape[::-1], interpolation=cv2.INTER_AREA)
    mean = np.full((1, 3), 1 / (3 * _TOLERANCE * white_of(frame.dtype)), np.float32)
    apart = cv2.GaussianBlur(cv2.transform(apart.astype(np.float32), mean), (0, 0), _BLUR)
    # Squared, for trust never falls to nothing, and a wrong place that looks alike does harm.
    agreed = _WEIGHT * trust**2 * np.exp(-(apart**2))
    own, other = (_steepness(picture, trust.shape[::-1]) for picture in (frame, moved))
    sharper = np.clip((other / own) ** 2, 1 / _MOST, _MOST)
    weight: NDArray[np.float32] = cv2.resize(agreed * sharper, frame.shape[1::-1])
    return weight


def _steepness(picture: Picture, size: tuple[int, int]) -> NDArray[np.float32]:
    """Mean square of the gradient around each point, of a picture reduced to (width, height), plus noise's."""
    import cv2

    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    grey = cv2.transform(small.astype(np.float32), np.full((1, 3), 1 / (3 * white_of(picture.dtype)), np.float32))
    # Sobel's kernel adds up eight differences.
    squares = sum(cv2.Sobel(grey, cv2.CV_32F, *along, scale=1 / 8) ** 2 for along in ((1, 0), (0, 1)))
    steepness: NDArray[np.float32] = cv2.blur(squares, (_AROUND, _AROUND)) + np.float32(_FLOOR**2)
    return steepness


def _blended(
    first: Picture, second: Picture, first_weight: NDArray[np.float32], second_weight: NDArray[np.float32]
) -> Picture:
    """Their weighted mean in the same type."""
    import cv2

    if first.dtype != np.uint16:
        return cv2.blendLinear(first, second, first_weight, second_weight)
    one, other = (picture.astype(np.float32) for picture in (first, second))
    return np.rint(cv2.blendLinear(one, other, first_weight, second_weight)).astype(np.uint16)
