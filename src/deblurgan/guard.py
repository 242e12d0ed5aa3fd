"""Judge how much of a network's change is safe to hand out, and take the rest back.

Deblurring moves light over short distances. So it hardly changes the mean of a region, puts nothing far outside
the range of its surroundings, knows no fixed grid, and has nothing to do where details are sharp already. Each
criterion measures how far a change departs from that; none knows the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from deblurgan.block_statistics import Statistics, Values, edges, measure, steepest
from deblurgan.in_threads import in_threads
from deblurgan.samples import as_float, to_integer

BEYOND_REPAIR = 0.25
"""Share of damaged blocks from which on the rest is not trusted either."""

SLIGHT = 0.005
"""A share of the change below this is so little that the picture may have stayed as it was."""

_BIT_DEPTHS: dict[str, Literal[8, 16]] = {"uint8": 8, "uint16": 16}
_NOT_FINITE = "kept 0% of the change: the network gave values that are not finite"
_FLOOR = 0.1  # added to ranges, so that noise in a flat area is not out of proportion
_CONTRAST = 0.15  # an edge lower than this says nothing about sharpness


@dataclass(frozen=True)
class Criterion:
    """A property of a change, and how much of it is borne.

    Attributes:
        measure: of the statistics, one value per block.
        limit: up to here the change is kept whole.
        refusal: from here on nothing of it is kept.
        finding: what is said when it acts.
        damage: it shows a broken result rather than a needless one.
        worth_saying: share of the picture, in [0, 1], that must be concerned for it to be said.
    """

    measure: Callable[[Statistics], Values]
    limit: float
    refusal: float
    finding: str
    damage: bool = True
    worth_saying: float = 0.0

    def keep(self, statistics: Statistics) -> Values:
        """Share of the change to keep in each block, [rows, columns] in [0, 1]."""
        excess = (self.measure(statistics) - self.limit) / (self.refusal - self.limit)
        return np.clip(1 - excess, 0, 1).astype(np.float32)


@dataclass(frozen=True)
class Verdict:
    """How much of a network's change is kept, and why not all of it.

    Attributes:
        share: of the change that is kept, in [0, 1].
        reason: empty if there is nothing to say.
        weights: of the change at each block's centre, float32 [rows, columns] in [0, 1]; None for 1 everywhere.
    """

    share: float = 1.0
    reason: str = ""
    weights: Values | None = field(default=None, repr=False, compare=False)


BROKEN = Verdict(0.0, _NOT_FINITE)
"""On a result that holds values that are not finite; whole numbers cannot show them any more."""


def colour_shift(statistics: Statistics) -> Values:
    """Largest departure of a channel's mean change from that of all channels, over 5x5 blocks."""
    shift = _mean_around(statistics.shift)
    return np.abs(shift - shift.mean(axis=2, keepdims=True)).max(axis=2)


def brightness_shift(statistics: Statistics) -> Values:
    """Magnitude of the mean change over 5x5 blocks."""
    return np.abs(_mean_around(statistics.shift).mean(axis=2))


def overshoot(statistics: Statistics) -> Values:
    """How far a block leaves the range of values that it and its neighbours had, as a multiple of it."""
    low, high = _range_around(statistics)
    outside = np.maximum(statistics.new_high - high, low - statistics.new_low)
    return (np.maximum(outside, 0) / (high - low + _FLOOR)).max(axis=2)


def ringing(statistics: Statistics) -> Values:
    """Mean overshoot of 5x5 blocks: one of them may hold a light that was found again, not most."""
    return _mean_around(overshoot(statistics))


def roughness(statistics: Statistics) -> Values:
    """How much the change varies from pixel to pixel, as a multiple of the range that a block's surroundings had.

    What deblurring adds follows edges and textures; noise does not. The floor is high, for fine texture may
    have been blurred away.
    """
    low, high = _range_around(statistics)
    return statistics.roughness / ((high - low).max(axis=2) + 3 * _FLOOR)


def grid(statistics: Statistics) -> Values:
    """How far the change repeats on a fixed grid."""
    return statistics.grid


def sharpness(statistics: Statistics) -> Values:
    """Share of the steepest edges' height that falls within one pixel, in the direction where it is least.

    Motion blurs along one direction, so a picture is as sharp as its worst. A step gives 1, an edge that rises
    evenly over four pixels or more 0.25. Blocks without edges take the value of their surroundings. The trail of a
    clipped light is steep even at its ends, but steeper at its sides: with lights in the dark, the least direction
    counts less the further it is from the greatest.
    """
    return _sharpness(statistics.near, statistics.far, statistics.lights)


def _sharpness(near: Values, far: Values, lights: NDArray[np.bool_]) -> Values:
    directions = near / np.maximum(far, _CONTRAST)
    own = directions.min(axis=2)
    evenness = own / np.maximum(directions.max(axis=2), np.finfo(np.float32).tiny)
    own = np.where(lights, own * evenness, own)
    telling = (far.min(axis=2) > _CONTRAST).astype(np.float32)
    if not telling.any():
        return np.zeros_like(own)
    whole = (own * telling).sum() / telling.sum()
    # The whole picture counts as a hundredth of a block: it decides where no edge is near.
    regional = (_mean_around(own * telling) + 0.01 * whole) / (_mean_around(telling) + 0.01)
    # A small moving object in a sharp picture is to be restored all the same.
    return np.where(telling > 0, np.minimum(own, regional), regional)


CRITERIA: dict[str, Criterion] = {
    "colour": Criterion(colour_shift, 0.025, 0.05, "colours shifted"),
    "brightness": Criterion(brightness_shift, 0.1, 0.2, "brightness shifted"),
    "overshoot": Criterion(overshoot, 1.0, 1.6, "spots appeared"),
    "ringing": Criterion(ringing, 0.45, 0.8, "ringing appeared"),
    "roughness": Criterion(roughness, 0.13, 0.2, "noise appeared"),
    "grid": Criterion(grid, 1.0, 2.0, "a grid appeared"),
    "sharpness": Criterion(sharpness, 0.45, 0.6, "sharp already", damage=False, worth_saying=0.25),
}
"""The criteria by name; the least that any of them keeps is what counts."""


def blurred_share(pixels: NDArray[Any]) -> float:
    """Share of a picture that is not as sharp as to be left alone, in [0, 1], before anything is restored.

    Args:
        pixels: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
    """
    criterion = CRITERIA["sharpness"]
    excess = (_sharpness(*steepest(pixels)) - criterion.limit) / (criterion.refusal - criterion.limit)
    return float(np.clip(1 - excess, 0, 1).mean())


def judge(
    before: NDArray[Any], after: NDArray[Any], criteria: Mapping[str, Criterion] = CRITERIA, *, threads: int = 1
) -> Verdict:
    """Say how much of the change from `before` to `after` is safe, block by block.

    Args:
        before: the picture as it came, [H, W, 3]; uint8, uint16, or float32 in [0, 1].
        after: the network's result, in the same shape and dtype; values outside [0, 1] count as clipped, and one
            that is not finite refuses the whole.
        criteria: that count.
        threads: that work on it.

    Returns:
        the verdict, for `mix` to carry out.
    """
    statistics = measure(before, after, threads)
    if not statistics.finite:
        return Verdict(0.0, _NOT_FINITE, np.zeros_like(statistics.amount))
    kept = {name: criterion.keep(statistics) for name, criterion in criteria.items()}
    sound, needed = np.ones_like(statistics.amount), np.ones_like(statistics.amount)
    for name, criterion in criteria.items():
        least = sound if criterion.damage else needed
        np.minimum(least, kept[name], out=least)
    beyond_repair = np.mean(sound < 0.5) > BEYOND_REPAIR
    # Weights are interpolated between centres: without the spread, good neighbours would let damage through.
    weights = np.zeros_like(sound) if beyond_repair else np.minimum(_spread(np.minimum, sound), needed)
    total = float(statistics.amount.sum())
    if total == 0 or weights.min() == 1:
        return Verdict()
    share = float((weights * statistics.amount).sum()) / total
    return Verdict(share, _reason(share, criteria, kept), weights)


def mix(before: NDArray[Any], after: NDArray[Any], verdict: Verdict, *, threads: int = 1) -> None:
    """Take back from `after`, in place, what the verdict does not keep.

    Args:
        before: as judged.
        after: likewise; each value ends between those of the two pictures.
        verdict: of `judge` on these pictures.
        threads: that work on it.
    """
    if verdict.share == 0:
        after[...] = before
        return
    weights = verdict.weights
    if weights is None:
        return
    down, across = ((side[1:] + side[:-1] - 1) / 2 for side in map(edges, before.shape[:2]))
    columns = np.arange(before.shape[1])
    widened = np.stack([np.interp(columns, across, row) for row in weights]).astype(np.float32)
    place = np.interp(np.arange(before.shape[0]), down, np.arange(len(down)))
    upper = place.astype(np.intp)
    lower = np.minimum(upper + 1, len(down) - 1)
    fraction = (place - upper).astype(np.float32)[:, None]

    def mix_band(rows: tuple[int, int]) -> None:
        top, bottom = rows
        if weights[upper[top] : lower[bottom - 1] + 1].min() == 1:
            return
        above, below = widened[upper[top:bottom]], widened[lower[top:bottom]]
        share = above + fraction[top:bottom] * (below - above)
        old = as_float(before[top:bottom])
        mixed = old + share[..., None] * (as_float(after[top:bottom]) - old)
        after[top:bottom] = mixed if after.dtype.kind == "f" else to_integer(mixed, _BIT_DEPTHS[after.dtype.name])

    for _ in in_threads(mix_band, pairwise(edges(before.shape[0])), threads):
        pass


def _reason(share: float, criteria: Mapping[str, Criterion], kept: Mapping[str, Values]) -> str:
    findings = []
    for name, criterion in criteria.items():
        extent = float(np.mean(kept[name] < 0.5))
        if extent > criterion.worth_saying:
            findings.append(f"{criterion.finding} (in {max(0.01, extent):.0%} of the picture)")
    kept_share = "less than 1%" if 0 < share < SLIGHT else f"{share:.0%}"
    return f"kept {kept_share} of the change: {'; '.join(findings)}" if findings else ""


def _range_around(statistics: Statistics) -> tuple[Values, Values]:
    """Least and largest value before within 3x3 blocks, [rows, columns, 3] each."""
    return _spread(np.minimum, statistics.low), _spread(np.maximum, statistics.high)


def _spread(operation: np.ufunc, values: Values) -> Values:
    """Minimum or maximum over 3x3 blocks, [rows, columns, ...]."""
    for axis in (0, 1):
        first, last = (np.take(values, [end], axis) for end in (0, -1))
        inner = [slice(None)] * values.ndim
        padded = np.concatenate([first, values, last], axis)
        views = []
        for start in range(3):
            inner[axis] = slice(start, start + values.shape[axis])
            views.append(padded[tuple(inner)])
        values = operation.reduce(views)
    return values


def _mean_around(values: Values) -> Values:
    """Mean over 5x5 blocks, fewer at the edges, [rows, columns, ...]."""
    for axis in (0, 1):
        length = values.shape[axis]
        sums = np.insert(np.cumsum(values, axis, dtype=np.float64), 0, 0, axis)
        stop, start = np.minimum(np.arange(length) + 3, length), np.maximum(np.arange(length) - 2, 0)
        counts = (stop - start).reshape([-1 if index == axis else 1 for index in range(values.ndim)])
        values = ((np.take(sums, stop, axis) - np.take(sums, start, axis)) / counts).astype(np.float32)
    return values
