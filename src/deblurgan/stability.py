"""How steady a restored clip is: what changes from frame to frame beyond what moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, repeat, tee
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.interpolation import along, estimate_motion
from deblurgan.errors import PairError
from deblurgan.evaluation import INPUT, SHARP
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.samples import as_float
from deblurgan.steadying import steadied

_TRUSTED = 0.5

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Stability:
    """Temporal stability of one version of a clip; less is steadier.

    Let x be the clip as it came, y a version of it, F the optical flow from frame t to frame t + 1 of x, and W(v)
    the root mean square of v[t+1](p + F(p)) - v[t](p) over all frames t, channels and points p whose flow leads
    back to where it started.

    Attributes:
        model: name; 'input' for the clip as it came, 'sharp' for the sharp one.
        frames: that were compared.
        warping_error: W(y) in grey levels of 255 (Lai et al., ECCV 2018, but for the root). It grows with
            contrast: a perfectly sharp clip has more of it than a blurred one.
        jitter: W(y) over the root mean square of y's gradient, in pixels: how far edges seem to move beyond the
            motion. It does not grow with contrast, so it can be compared with the input's.
        residual: root mean square of y less the sharp clip, or less x without one, in grey levels of 255.
        residual_variation: W of that difference: 0 if it moves as the scene does.
    """

    model: str
    frames: int
    warping_error: float
    jitter: float
    residual: float
    residual_variation: float


def measure_stability(
    frames: Iterable[NDArray[Any]],
    restorers: Mapping[str, Restorer],
    sharp: Iterable[NDArray[Any]] | None = None,
    options: RestoreOptions = RestoreOptions(),
    *,
    steady: bool = False,
) -> list[Stability]:
    """Restore a clip as `deblurgan run` does and measure how steady each version is; a few frames are held.

    Args:
        frames: consecutive, uint8 or uint16 [H, W, 3], of one size of at least 16 pixels along each side.
        restorers: by the name they appear under.
        sharp: what the frames should be, likewise; None if nobody knows.
        options: how they restore, as `of_each_frame` says.
        steady: restored frames are merged with their neighbours.

    Returns:
        the input's first, then in the order of `restorers`, then the sharp clip's if there is one.

    Raises:
        PairError: there are fewer than two frames, the sharp ones do not match them, or a model enlarges.
        MissingExtra: OpenCV is not installed.
    """
    for name, restorer in restorers.items():
        if restorer.manifest.scale != 1:
            raise PairError(f"Model {name!r} enlarges; only models that keep the size are compared over time.")
    names = [INPUT, *restorers, *([] if sharp is None else [SHARP])]
    sums = {name: _Sums() for name in names}
    compared = 1
    versions = _versions(frames, restorers, sharp, options.of_each_frame)
    for first, second in pairwise(_steadied(versions, restorers) if steady else versions):
        compared += 1
        motion = estimate_motion(first[INPUT], second[INPUT])
        trusted = motion.forward_trust > _TRUSTED
        aim = INPUT if sharp is None else SHARP
        for name, total in sums.items():
            change = along(second[name], motion.forward) - first[name]
            rest, rest_later = first[name] - first[aim], second[name] - second[aim]
            total.points += 3 * int(trusted.sum())
            total.warping += _power(change[trusted])
            total.gradient += _power(_steepness(first[name])[trusted])
            total.residual += _power(rest[trusted])
            total.variation += _power((along(rest_later, motion.forward) - rest)[trusted])
    if compared < 2:
        raise PairError("Stability takes at least two frames; give a longer clip.")
    return [total.as_stability(name, compared) for name, total in sums.items()]


@dataclass
class _Sums:
    """Squares of values in [0, 1], added up over `points`."""

    points: int = 0
    warping: float = 0.0
    gradient: float = 0.0
    residual: float = 0.0
    variation: float = 0.0

    def as_stability(self, model: str, frames: int) -> Stability:
        warping, residual, variation = (
            255 * (power / max(1, self.points)) ** 0.5 for power in (self.warping, self.residual, self.variation)
        )
        jitter = (self.warping / self.gradient) ** 0.5 if self.gradient else 0.0
        return Stability(model, frames, warping, jitter, residual, variation)


def _versions(
    frames: Iterable[NDArray[Any]],
    restorers: Mapping[str, Restorer],
    sharp: Iterable[NDArray[Any]] | None,
    options: RestoreOptions,
) -> Iterator[dict[str, Picture]]:
    aims = repeat(None) if sharp is None else iter(sharp)
    for frame in frames:
        versions = {INPUT: as_float(frame)}
        versions |= {name: as_float(restorer(frame, options).pixels) for name, restorer in restorers.items()}
        aim = next(aims, None)
        if sharp is not None:
            if aim is None or aim.shape != frame.shape:
                raise PairError("The sharp clip is shorter or of another size; give the same frames, only sharp.")
            versions[SHARP] = as_float(aim)
        yield versions


def _steadied(versions: Iterable[dict[str, Picture]], names: Collection[str]) -> Iterator[dict[str, Picture]]:
    """The same, the named ones steadied."""
    plain, *copies = tee(versions, 1 + len(names))
    pictures = [steadied(map(itemgetter(name), copy)) for name, copy in zip(names, copies, strict=True)]
    for version, *merged in zip(plain, *pictures, strict=True):
        yield version | dict(zip(names, merged, strict=True))


def _steepness(picture: Picture) -> Picture:
    """Length of the gradient by central differences, [H, W, 3]; 0 at the edges of the picture."""
    steepness = np.zeros_like(picture)
    across = picture[1:-1, 2:] - picture[1:-1, :-2]
    down = picture[2:, 1:-1] - picture[:-2, 1:-1]
    np.hypot(across / 2, down / 2, out=steepness[1:-1, 1:-1])
    return steepness


def _power(values: Picture) -> float:
    return float(np.square(values, dtype=np.float64).sum())
