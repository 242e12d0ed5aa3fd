"""How steady a restored clip is: what changes from frame to frame beyond what moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.blur.interpolation import along, estimate_motion
from deblurgan.errors import PairError
from deblurgan.evaluation import INPUT
from deblurgan.restore import RestoreOptions, Restorer
from deblurgan.samples import as_float

_TRUSTED = 0.5


@dataclass(frozen=True)
class Stability:
    """Temporal stability of one version of a clip; all figures in grey levels of 255, less is steadier.

    Let x be the clip as it came, y a model's version, F the optical flow from frame t to frame t + 1 of x, and
    W(v) the root mean square of v[t+1](p + F(p)) - v[t](p) over all frames t, channels and points p whose flow
    leads back to where it started.

    Attributes:
        model: name, or 'input' for the clip as it came.
        frames: that were compared.
        warping_error: W of the version itself (Lai et al., ECCV 2018, but for the root).
        residual: root mean square of what the model adds, y - x.
        residual_variation: W of y - x: a model that does the same to the same things gives 0.
    """

    model: str
    frames: int
    warping_error: float
    residual: float
    residual_variation: float


def measure_stability(frames: Iterable[NDArray[Any]], restorers: Mapping[str, Restorer]) -> list[Stability]:
    """Restore a clip as `deblurgan run` does and measure how steady each version is; two frames are held.

    Args:
        frames: consecutive, uint8 or uint16 [H, W, 3], of one size of at least 16 pixels along each side.
        restorers: by the name they appear under.

    Returns:
        the input's first, then in the order of `restorers`.

    Raises:
        PairError: there are fewer than two frames, or a model enlarges.
        MissingExtra: OpenCV is not installed.
    """
    for name, restorer in restorers.items():
        if restorer.manifest.scale != 1:
            raise PairError(f"Model {name!r} enlarges; only models that keep the size are compared over time.")
    sums = {name: _Sums() for name in (INPUT, *restorers)}
    compared = 1
    for first, second in pairwise(_versions(frames, restorers)):
        compared += 1
        motion = estimate_motion(first[INPUT], second[INPUT])
        trusted = motion.forward_trust > _TRUSTED
        for name, total in sums.items():
            change = along(second[name], motion.forward) - first[name]
            added, added_later = first[name] - first[INPUT], second[name] - second[INPUT]
            total.points += 3 * int(trusted.sum())
            total.warping += _power(change[trusted])
            total.residual += _power(added[trusted])
            total.variation += _power((along(added_later, motion.forward) - added)[trusted])
    if compared < 2:
        raise PairError("Stability takes at least two frames; give a longer clip.")
    return [total.as_stability(name, compared) for name, total in sums.items()]


@dataclass
class _Sums:
    points: int = 0
    warping: float = 0.0
    residual: float = 0.0
    variation: float = 0.0

    def as_stability(self, model: str, frames: int) -> Stability:
        figures = (self.warping, self.residual, self.variation)
        return Stability(model, frames, *(255 * (power / max(1, self.points)) ** 0.5 for power in figures))


def _versions(
    frames: Iterable[NDArray[Any]], restorers: Mapping[str, Restorer]
) -> Iterable[dict[str, NDArray[np.float32]]]:
    options = RestoreOptions(guard=False)
    for frame in frames:
        restored = {name: as_float(restorer(frame, options).pixels) for name, restorer in restorers.items()}
        yield {INPUT: as_float(frame), **restored}


def _power(values: NDArray[np.float32]) -> float:
    return float(np.square(values, dtype=np.float64).sum())
