"""The passes of a scale-recurrent network over a picture of any size, each in tiles of its own.

The last pass sees the picture itself beside the change that the pass before found at half its size, and so on down
to the smallest. Cut into tiles all passes together, a network would see of each smaller picture only what lies in
the tile; cut one by one, what a tile gives is what the whole picture gives. They can also be more than the network
was trained with, for pictures so large that a blur is long even in the smallest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from deblurgan import tiling
from deblurgan.in_threads import in_threads
from deblurgan.samples import row_bands
from deblurgan.tiling import SizeRule, Tile

Planes = NDArray[np.float32]

RunPass = Callable[[int, Planes, Planes, Planes], None]
"""As `Engine.run_pass`."""

Change = NDArray[np.float16]
"""What a pass found, [3, H, W]: half precision is within a few hundredths of a grey level."""

# Below twice this, in pixels, a picture's shorter side asks for no more sizes than the network was trained with.
_SIDE = 1024
# Pixels of a smaller picture that is held as floats: 12 bytes each.
_HELD = 4_000_000
# Rows at a time, or more where the network wants larger inputs: what is worked on stays in the processor's cache.
_BAND = 64


@dataclass(frozen=True)
class Cut:
    """How a pass is cut into tiles.

    Attributes:
        halo: pixels next to a cut that are computed but not used.
        largest: pixels one tile may have.
    """

    halo: int
    largest: int | None


@dataclass(frozen=True)
class Picture:
    """A picture, or a smaller one made of it: each pixel the mean of four of the next larger.

    Attributes:
        size: (height, width), as the rule asks.
        rule: of the network.
        read: gives a window of it, float32 [3, h, w] in the network's range of values; a new array.
        threads: that may read at a time.
        read_halved: gives a window, both sides even, at half its size; None for what is made of what
            `read` gives.
    """

    size: tuple[int, int]
    rule: SizeRule
    read: Callable[[Tile], Planes]
    threads: int = 1
    read_halved: Callable[[Tile], Planes] | None = None

    def halved(self) -> Picture:
        """The picture at half its size, its last rows and columns repeated until they are multiples."""
        size = _halved(self.size, self.rule)
        read_halved = self.read_halved or (lambda window: _means_of_four(self.read(window)))

        def read(tile: Tile) -> Planes:
            height, width = tile.size
            top, left = 2 * tile.top, 2 * tile.left
            there = tiling.window(
                top, left, min(2 * height, self.size[0] - top), min(2 * width, self.size[1] - left)
            )
            half = np.empty((3, there.size[0] // 2, there.size[1] // 2), np.float32)
            for band in self._bands(there):
                start = (band.top - top) // 2
                half[:, start : start + band.size[0] // 2] = read_halved(band)
            missing = (0, height - half.shape[1]), (0, width - half.shape[2])
            return np.pad(half, ((0, 0), *missing), "edge") if any(map(any, missing)) else half

        return Picture(size, self.rule, read, self.threads)

    def held(self) -> Picture:
        """The same, read once and for all; otherwise each smaller picture would read the largest anew."""
        planes = np.empty((3, *self.size), np.float32)
        self.copy_to(planes, tiling.window(0, 0, *self.size))
        return Picture(self.size, self.rule, partial(_copy_of_part, planes), self.threads)

    def copy_to(self, planes: Planes, tile: Tile) -> None:
        """Fill [3, h, w] with a window of the picture, never holding another copy of it."""

        def copy(band: Tile) -> None:
            top = band.top - tile.top
            planes[:, top : top + band.size[0]] = self.read(band)

        for _ in in_threads(copy, self._bands(tile), self.threads):
            pass

    def _bands(self, tile: Tile) -> Iterator[Tile]:
        # What is mirrored past an edge must lie in the last band with the rows it is made of.
        return tiling.bands(tile, max(_BAND, 2 * self.rule.multiple, 2 * max(self.rule.minimum)))


def _halved(size: tuple[int, int], rule: SizeRule) -> tuple[int, int]:
    return rule.fit((size[0] // 2, size[1] // 2))


def scales_for(size: tuple[int, int], trained: int) -> int:
    """How many sizes of a picture a scale-recurrent network is to run on.

    The more pixels, the more of them a camera's shake crosses. So each time the shorter side doubles, from 2048
    pixels on, one size more is seen, which costs next to nothing.

    Args:
        size: (height, width).
        trained: on how many the network was trained to run; 1 of one that is not scale-recurrent.
    """
    if trained == 1:
        return 1
    return trained + max(0, int(math.log2(min(size) / _SIDE)))


def beginning_again(run_pass: RunPass, surplus: int) -> RunPass:
    """Passes of which the first is run `surplus` times more; the weights of all are the same."""
    return lambda number, *planes: run_pass(max(1, number - surplus), *planes)


def through(view: Callable[..., Planes], run_pass: RunPass) -> RunPass:
    """Passes that see the picture as a view, or several, of it.

    Args:
        view: is called with a network of the picture and what the pass before found, and with these two; gives
            what the network finds, in the picture's own place and size.
        run_pass: runs a pass for what the view shows.
    """

    def run_through(number: int, picture: Planes, coarse: Planes, change: Planes) -> None:
        def network(picture: Planes, coarse: Planes) -> Planes:
            found = np.empty_like(picture)
            run_pass(number, picture, coarse, found)
            return found

        np.copyto(change, view(network, picture, coarse))

    return run_through


def tiles_below(size: tuple[int, int], scales: int, rule: SizeRule, cut: Cut) -> list[list[Tile]]:
    """The tiles of all passes but the last, the smallest picture's first.

    Args:
        size: (height, width) of the picture, as the rule asks.
        scales: how many passes there are with the last.
        rule: of the network.
        cut: how each is cut.
    """
    sizes = [size]
    for _ in range(scales - 1):
        sizes.append(_halved(sizes[-1], rule))
    return [
        tiling.plan(smaller, rule, halo=cut.halo, largest=cut.largest, blended=False) for smaller in sizes[:0:-1]
    ]


def found_below(picture: Picture, scales: int, run_passes: Sequence[RunPass], cut: Cut) -> Change:
    """What the last pass is to see of the one before, found by all passes but the last.

    Args:
        picture: in its full size.
        scales: how many passes there are with the last.
        run_passes: as in `found`.
        cut: how each is cut.
    """
    pictures = [picture]
    for _ in range(scales - 1):
        smaller = pictures[-1].halved()
        pictures.append(smaller.held() if math.prod(smaller.size) <= _HELD else smaller)
    coarse: Change | None = None
    cuts = tiles_below(picture.size, scales, picture.rule, cut)
    for number, (smaller, tiles) in enumerate(zip(pictures[:0:-1], cuts, strict=True), start=1):
        changes = (change for _, change in found(number, smaller, tiles, coarse, run_passes))
        coarse = _gathered(smaller, tiles, changes)
    assert coarse is not None
    return coarse


def found(
    number: int, picture: Picture, tiles: list[Tile], coarse: Change | None, run_passes: Sequence[RunPass]
) -> Iterator[tuple[Planes, Planes]]:
    """Run one pass over tiles of equal size.

    Args:
        number: of the pass, from 1.
        picture: in the size of the pass.
        tiles: of it.
        coarse: what the pass before found; None in the first.
        run_passes: each runs it, over all tiles before the next one does; the mean of what they find counts.

    Yields:
        of each tile the picture and the change, [3, h, w], both the caller's until the next is asked for: new
        arrays for each would cost a tenth of the time.
    """
    *others, last = run_passes
    sums: Change | None = None
    for run_pass in others:
        changes = (change for _, change in _found_by(run_pass, number, picture, tiles, coarse))
        sums = _gathered(picture, tiles, changes, sums)
    for tile, (window, change) in zip(tiles, _found_by(last, number, picture, tiles, coarse), strict=True):
        if sums is not None:
            height, width = tile.size
            change += sums[:, tile.top : tile.top + height, tile.left : tile.left + width]
            change *= np.float32(1 / len(run_passes))
        yield window, change


def _found_by(
    run_pass: RunPass, number: int, picture: Picture, tiles: list[Tile], coarse: Change | None
) -> Iterator[tuple[Planes, Planes]]:
    height, width = tiles[0].size
    window, change = (np.empty((1, 3, height, width), np.float32) for _ in range(2))
    beneath = np.zeros((1, 3, height // 2, width // 2), np.float32)
    for tile in tiles:
        picture.copy_to(window[0], tile)
        if coarse is not None:
            top, left = tile.top // 2, tile.left // 2
            beneath[0] = coarse[:, top : top + height // 2, left : left + width // 2]
        run_pass(number, window, beneath, change)
        yield window[0], change[0]


def _means_of_four(planes: Planes) -> Planes:
    rows = planes[:, 0::2] + planes[:, 1::2]
    means: Planes = rows[:, :, 0::2] + rows[:, :, 1::2]
    means *= np.float32(0.25)
    return means


def _copy_of_part(planes: Planes, tile: Tile) -> Planes:
    height, width = tile.size
    return planes[:, tile.top : tile.top + height, tile.left : tile.left + width].copy()


def _gathered(
    picture: Picture, tiles: list[Tile], changes: Iterator[Planes], added_to: Change | None = None
) -> Change:
    gathered = np.empty((3, *picture.size), np.float16) if added_to is None else added_to
    placed = tiling.finished(picture.size, tiles, lambda _: next(changes).transpose(1, 2, 0))
    for rows, columns, values in placed:
        gather = partial(_put, gathered[:, rows, columns], values.transpose(2, 0, 1), added_to is not None)
        for _ in in_threads(gather, row_bands(rows.stop - rows.start), picture.threads):
            pass
    return gathered


def _put(part: Change, values: Planes, is_added: bool, band: slice) -> None:
    if is_added:
        part[:, band] += values[:, band]
    else:
        part[:, band] = values[:, band]
