"""Blurred and sharp pairs out of consecutive sharp frames, a window of them at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.averaging import average, variance_left
from deblurgan.blur.interpolation import SMALLEST_SIDE
from deblurgan.blur.noise import Noise, measure_noise
from deblurgan.blur.sensor import Sensor, add_noise
from deblurgan.coded import Samples
from deblurgan.errors import PairError


@dataclass(frozen=True)
class WindowSettings:
    """How frames become exposures.

    Attributes:
        shortest: fewest frames in a window, odd; each window's number is drawn.
        longest: most frames in a window, odd.
        step: frames from the start of one window to the start of the next; None for the window itself.
        parts: moments per frame, see `average`.
        linear: share of windows that are averaged in linear light; the others are in stored values.
        noisy: bring the noise, which averaging takes away, back to the level of one frame.
    """

    shortest: int = 7
    longest: int = 13
    step: int | None = None
    parts: int = 16
    linear: float = 0.5
    noisy: bool = True

    def __post_init__(self) -> None:
        if not 3 <= self.shortest <= self.longest or self.shortest % 2 == 0 or self.longest % 2 == 0:
            raise ValueError(f"windows are odd and at least 3, not {self.shortest} to {self.longest}")


@dataclass(frozen=True, eq=False)
class WindowPair:
    """One exposure.

    Attributes:
        middle: number of the window's middle frame, counted from 0.
        blurred: float32 [H, W, 3] in [0, 1], stored values.
        sharp: the middle frame, as it came.
    """

    middle: int
    blurred: NDArray[np.float32]
    sharp: Samples


def expose_windows(frames: Iterable[Samples], settings: WindowSettings, seed: int) -> Iterator[WindowPair]:
    """Average consecutive frames into exposures, as GoPro's authors and those of DeblurGAN-v2 did.

    The frames of one window are held at a time. The last window is shortened to what is left, and left out if
    that is less than the shortest.

    Args:
        frames: consecutive, of one size, uint8 or uint16 [H, W, 3].
        settings: of the windows.
        seed: the same seed gives the same pairs.

    Raises:
        PairError: the frames are too small to interpolate between.
        MissingExtra: OpenCV is needed and not installed.
    """
    coming = iter(frames)
    held: deque[Samples] = deque()
    first = 0
    for index in count():
        rng = np.random.default_rng((seed, index))
        length = 2 * int(rng.integers(settings.shortest // 2, settings.longest // 2 + 1)) + 1
        held.extend(islice(coming, max(0, length - len(held))))
        length = min(length, len(held) - 1 + len(held) % 2)
        if length < settings.shortest:
            return
        window = list(islice(held, length))
        yield WindowPair(first + length // 2, _expose(window, settings, rng), window[length // 2])
        step = settings.step or length
        first += step
        while held and step:
            held.popleft()
            step -= 1
        # A step longer than the window passes over frames that were never held.
        deque(islice(coming, step), maxlen=0)


def _expose(window: list[Samples], settings: WindowSettings, rng: np.random.Generator) -> NDArray[np.float32]:
    if settings.parts > 1 and min(window[0].shape[:2]) < SMALLEST_SIDE:
        raise PairError(f"Frames need {SMALLEST_SIDE} pixels along each side; give larger ones.")
    lost = Noise(0.0, 0.0)
    if settings.noisy:
        level = measure_noise([window[0], window[len(window) // 2], window[-1]])
        lost = level.scaled(1 - variance_left(len(window), settings.parts))
    sensor = Sensor(
        linear=bool(rng.uniform() < settings.linear),
        highlight=0.0,
        read_noise=lost.read**0.5,
        shot_noise=lost.shot,
        jpeg_quality=None,
        seed=int(rng.integers(2**32)),
    )
    return add_noise(average(window, settings.parts, sensor), sensor)
