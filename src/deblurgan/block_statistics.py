"""Measure a picture and its restoration block by block, in memory for a few rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deblurgan.in_threads import in_threads
from deblurgan.samples import white_of

Values = NDArray[np.float32]

BLOCK = 32
"""Side of a block in pixels; the last of a row or column takes up to half a block more, or as little."""

REGION = 512
"""Side in pixels of the regions in which a grid is looked for: in a few blocks, chance looks like a grid."""

FAR = 4
"""Distance in pixels over which a blurred edge still rises and a sharp one does not."""

_WHITE, _DARK = 0.97, 0.35  # from the first on a value may be clipped; a block of a lesser mean is dark

# What holds the differences of a picture's samples, and their sums over a block's rows: whole numbers of half the
# size of floats, or of their size, take half the time.
_DIFFERENCES: dict[str, type[np.number[Any]]] = {"uint8": np.int16, "uint16": np.int32, "float32": np.float32}

_PERIOD = 16  # the grids of strided and transposed convolutions have periods that divide it
_VISIBLE = 0.004  # a pattern of one grey level of 8 bits
_STRIKING = 0.05  # share of the change's power that a pattern must hold to stand out from it


@dataclass(frozen=True)
class Statistics:
    """What is measured, float32 [rows, columns] of blocks, pixel values in [0, 1].

    Attributes:
        low, high: least and largest value before, [rows, columns, 3].
        new_low, new_high: the same after.
        shift: mean change, [rows, columns, 3].
        amount: mean magnitude of the change.
        roughness: mean magnitude of the green change's difference between diagonal neighbours.
        near, far: largest green difference before over 1 and over `FAR` pixels in each of four directions,
            [rows, columns, 4].
        lights: the block is dark before and holds what may be a clipped light, booleans.
        grid: how far the change repeats every 16 pixels; about 1 where that begins to be seen.
        finite: no value after is infinite or not a number.
    """

    low: Values
    high: Values
    new_low: Values
    new_high: Values
    shift: Values
    amount: Values
    roughness: Values
    near: Values
    far: Values
    lights: NDArray[np.bool_]
    grid: Values
    finite: bool


def measure(before: NDArray[Any], after: NDArray[Any], threads: int = 1) -> Statistics:
    """Measure a picture and its restoration.

    Args:
        before: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
        after: the same shape and dtype; values outside [0, 1] count as clipped.
        threads: that work on it.
    """
    columns = edges(before.shape[1])
    grids = _Grids((before.shape[0], before.shape[1]))
    differences, white = _DIFFERENCES[before.dtype.name], np.float32(white_of(before.dtype))

    def of_band(rows: tuple[int, int]) -> tuple[_BandOfChange, tuple[Values, ...]]:
        top, bottom = rows
        old, new = before[top:bottom], after[top:bottom]
        clipped = np.clip(new, 0, 1) if new.dtype.kind == "f" else new
        change = np.subtract(clipped, old, dtype=differences)
        pixels = white * np.float32(bottom - top) * np.diff(columns).astype(np.float32)
        # Green alone: it carries most of the luminance, and three channels would cost three times as much.
        green_change = np.ascontiguousarray(change[..., 1])
        green = before[top : bottom + FAR, :, 1].astype(differences)
        return grids.part_of(top, change, white), (
            _extremes(np.minimum, old, columns) / white,
            _extremes(np.maximum, old, columns) / white,
            _extremes(np.minimum, new, columns) / white,
            _extremes(np.maximum, new, columns) / white,
            _sum(change, columns) / pixels[:, None],
            _sum(np.abs(change, out=change), columns).mean(axis=1) / pixels,
            _roughness(green_change, columns) / pixels,
            *(largest / white for largest in _steepest(green, columns)),
            _sum(green[: bottom - top], columns) / pixels,
        )

    bands = []
    for repeated, values in in_threads(of_band, pairwise(edges(before.shape[0])), threads):
        grids.add(repeated)
        bands.append(values)
    stacked = map(np.stack, zip(*bands, strict=True))
    low, high, new_low, new_high, shift, amount, roughness, near, far, brightness = stacked
    finite = bool(np.isfinite(new_low).all() and np.isfinite(new_high).all())
    new_low, new_high = np.clip(new_low, 0, 1), np.clip(new_high, 0, 1)
    lights, grid = _lights(high, brightness), grids.strength()
    return Statistics(low, high, new_low, new_high, shift, amount, roughness, near, far, lights, grid, finite)


def steepest(picture: NDArray[Any]) -> tuple[Values, Values, NDArray[np.bool_]]:
    """The fields `near`, `far` and `lights` of `Statistics`, alone.

    Args:
        picture: [H, W, 3]; uint8, uint16, or float32 in [0, 1].
    """
    columns = edges(picture.shape[1])
    differences, white = _DIFFERENCES[picture.dtype.name], np.float32(white_of(picture.dtype))
    bands = []
    for top, bottom in pairwise(edges(picture.shape[0])):
        green = picture[top : bottom + FAR, :, 1].astype(differences)
        pixels = white * np.float32(bottom - top) * np.diff(columns).astype(np.float32)
        high = _extremes(np.maximum, picture[top:bottom], columns) / white
        near_and_far = (largest / white for largest in _steepest(green, columns))
        bands.append((*near_and_far, high, _sum(green[: bottom - top], columns) / pixels))
    near, far, high, brightness = map(np.stack, zip(*bands, strict=True))
    return near, far, _lights(high, brightness)


def edges(length: int) -> NDArray[np.intp]:
    """Where the blocks along a side of `length` pixels begin, and where the last one ends."""
    return _edges(length, BLOCK)


def _edges(length: int, side: int) -> NDArray[np.intp]:
    """Multiples of `side`, then `length`; a rest shorter than half a side goes to the last whole one."""
    return np.append(side * np.arange(max(1, (length + side // 2) // side)), length)


def _extremes(extreme: np.ufunc, band: NDArray[Any], columns: NDArray[np.intp]) -> Values:
    """Least or largest values of a band's blocks, [h, W, 3] to [columns, 3]."""
    return extreme.reduceat(extreme.reduce(band, axis=0), columns[:-1], axis=0).astype(np.float32)


def _sum(band: NDArray[Any], columns: NDArray[np.intp]) -> Values:
    """Sum a band of differences, [h, W, ...], over its blocks, [columns, ...]."""
    return _over_columns(np.add.reduce(band, axis=0, dtype=band.dtype), columns)


def _over_columns(sums: NDArray[Any], columns: NDArray[np.intp]) -> Values:
    return np.add.reduceat(sums, columns[:-1], axis=0, dtype=np.float32)


def _lights(high: Values, brightness: Values) -> NDArray[np.bool_]:
    """Which blocks hold what may be a clipped light in the dark, of the largest values and the mean of green."""
    return (high.max(axis=2) >= _WHITE) & (brightness < _DARK)


def _roughness(green_change: NDArray[Any], columns: NDArray[np.intp]) -> Values:
    """Sum of the differences between diagonal neighbours, as magnitudes, [columns]."""
    sums = np.zeros(green_change.shape[1], green_change.dtype)
    difference = green_change[1:, 1:] - green_change[:-1, :-1]
    np.add.reduce(np.abs(difference, out=difference), axis=0, out=sums[1:])
    return _over_columns(sums, columns)


def _steepest(green: NDArray[Any], columns: NDArray[np.intp]) -> tuple[Values, Values]:
    """Largest differences right, down and along both diagonals, over 1 and `FAR` pixels, [columns, 4] each."""
    return _largest_difference(green, 1, columns), _largest_difference(green, FAR, columns)


def _largest_difference(green: NDArray[Any], distance: int, columns: NDArray[np.intp]) -> Values:
    height, width = green.shape
    largest = np.zeros((4, width), green.dtype)
    if height > distance and width > distance:
        upper, lower = green[:-distance], green[distance:]
        for index, (first, second) in enumerate(
            (
                (green[:, :-distance], green[:, distance:]),
                (upper, lower),
                (upper[:, :-distance], lower[:, distance:]),
                (upper[:, distance:], lower[:, :-distance]),
            )
        ):
            difference = first - second
            np.abs(difference, out=difference)
            largest[index, : difference.shape[1]] = difference.max(axis=0)
    return np.maximum.reduceat(largest, columns[:-1], axis=1).T.astype(np.float32)


@dataclass(frozen=True)
class _BandOfChange:
    """A band's share in what `_Grids` adds up."""

    region: int
    sums: Values
    powers: Values
    cells: int


class _Grids:
    """Adds up a change by its place within cells of 16x16 pixels, region by region.

    Args:
        size: (height, width) of the picture.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self.down, self.across = (_edges(side, REGION) for side in size)
        self.width = size[1] // _PERIOD * _PERIOD
        self.sums = np.zeros((len(self.down) - 1, _PERIOD, self.width), np.float32)
        self.powers = np.zeros((len(self.down) - 1, self.width), np.float32)
        self.cells = np.zeros(len(self.down) - 1, np.int64)

    def part_of(self, top: int, change: NDArray[Any], white: np.float32) -> _BandOfChange:
        """What a band of the change, [h, W, 3], that starts in row `top`, contributes; `white` counts as 1."""
        cells = len(change) // _PERIOD
        inside = change[: cells * _PERIOD, : self.width]
        grey = inside[..., 0] + inside[..., 1]
        grey += inside[..., 2]
        region = int(np.searchsorted(self.down, top, side="right")) - 1
        sums = np.add.reduce(grey.reshape(cells, _PERIOD, self.width), axis=0, dtype=grey.dtype)
        exact = grey.astype(np.float32, copy=False)
        scale = 1 / (3 * white)
        return _BandOfChange(region, sums * scale, np.einsum("ij,ij->j", exact, exact) * scale**2, cells)

    def add(self, band: _BandOfChange) -> None:
        """Add what a band contributes; the order tells in the last digits."""
        self.sums[band.region] += band.sums
        self.powers[band.region] += band.powers
        self.cells[band.region] += band.cells

    def strength(self) -> Values:
        """Strength of the grid at each block, [rows, columns]."""
        regions = np.zeros((len(self.down) - 1, len(self.across) - 1), np.float32)
        for row, cells_down in enumerate(self.cells):
            for column, (left, right) in enumerate(pairwise(self.across // _PERIOD * _PERIOD)):
                cells = int(cells_down) * (right - left) // _PERIOD
                if cells > 1:
                    sums = self.sums[row, :, left:right].reshape(_PERIOD, -1, _PERIOD).sum(axis=1)
                    power = float(self.powers[row, left:right].sum()) / (cells * _PERIOD**2)
                    regions[row, column] = _strength(sums / cells, power, cells)
        rows, columns = (
            np.searchsorted(inner, edges(side)[:-1], side="right") - 1
            for inner, side in zip((self.down, self.across), self.size, strict=True)
        )
        return regions[np.ix_(rows, columns)]


def _strength(pattern: Values, power: float, cells: int) -> float:
    """How visible and how striking a repeated pattern is, in units of where each begins; the lesser counts."""
    total = power - float(pattern.mean()) ** 2
    # A change without any grid leaves this much in the mean of so many cells.
    locked = max(float(pattern.var()) - total / cells, 0.0)
    enough = min(1.0, cells / (REGION / _PERIOD) ** 2)
    return min(locked**0.5 / _VISIBLE, enough * locked / (_STRIKING * total + 1e-12))
