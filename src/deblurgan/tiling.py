"""Cut a picture into overlapping tiles and put it together again: pure geometry."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SizeRule:
    """Which inputs a network takes.

    Attributes:
        multiple: both sides must be multiples of this.
        minimum: least (height, width), multiples too.
        spare: a size that fits already still gains one multiple, as in the official DeblurGAN-v2.
    """

    multiple: int
    minimum: tuple[int, int]
    spare: bool = False

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        """Least allowed (height, width) that holds `size`."""
        height, width = (
            max(least, math.ceil((side + self.spare) / self.multiple) * self.multiple)
            for side, least in zip(size, self.minimum, strict=True)
        )
        return height, width


@dataclass(frozen=True)
class Tile:
    """A window of the padded picture.

    Attributes:
        top, left: where it starts.
        rows, columns: weight of its rows and columns in the result, float32 [h] and [w] in [0, 1]; the
            weight of a pixel is their product.
    """

    top: int
    left: int
    rows: NDArray[np.float32]
    columns: NDArray[np.float32]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the window."""
        return len(self.rows), len(self.columns)

    def enlarged(self, scale: int) -> Tile:
        """The same window of the picture enlarged `scale` times."""
        if scale == 1:
            return self
        rows, columns = np.repeat(self.rows, scale), np.repeat(self.columns, scale)
        return Tile(self.top * scale, self.left * scale, rows, columns)


def plan(
    size: tuple[int, int], rule: SizeRule, *, halo: int, largest: int | None, blended: bool = True
) -> list[Tile]:
    """Tiles of equal size that cover a picture, as few computed pixels as possible.

    Args:
        size: (height, width) of the picture.
        rule: of the network.
        halo: pixels next to a cut that are computed but not used.
        largest: pixels one tile may have; None for one tile, however large.
        blended: neighbours fade into each other where both are valid; otherwise, for a network of which they
            agree exactly, each pixel comes from one of them.

    Returns:
        tiles of the picture padded to `rule.fit`; their weights sum to one everywhere.
    """
    padded = rule.fit(size)
    sides = padded if largest is None or math.prod(padded) <= largest else _tile_size(padded, rule, halo, largest)
    rows, columns = (
        _spans(whole, side, halo, rule.multiple, blended) for whole, side in zip(padded, sides, strict=True)
    )
    return [Tile(top, left, down, across) for top, down in rows for left, across in columns]


def window(top: int, left: int, height: int, width: int) -> Tile:
    """A tile that is used whole."""
    return Tile(top, left, np.ones(height, np.float32), np.ones(width, np.float32))


def bands(tile: Tile, rows: int) -> Iterator[Tile]:
    """Cut a tile into bands of `rows` rows across it; the last may have twice as many, so that none is thinner."""
    height, width = tile.size
    starts = range(0, max(height - rows, 0) + 1, rows)
    for start, stop in pairwise((*starts, height)):
        yield window(tile.top + start, tile.left, stop - start, width)


def inside(picture: NDArray[Any], tile: Tile) -> NDArray[Any]:
    """The part of the picture, [H, W, C], that the tile's window holds: a view of at most the window's size."""
    height, width = tile.size
    return picture[tile.top : tile.top + height, tile.left : tile.left + width]


def pad(inside: NDArray[Any], tile: Tile, fill: float | None = None) -> NDArray[Any]:
    """The tile's whole window, [C, h, w]; past the picture's edges it is mirrored, or `fill`."""
    height, width = tile.size
    missing = (height - inside.shape[1], width - inside.shape[2])
    if missing == (0, 0):
        return inside
    around = ((0, 0), (0, missing[0]), (0, missing[1]))
    return np.pad(inside, around, "reflect") if fill is None else np.pad(inside, around, constant_values=fill)


Piece = tuple[slice, slice, NDArray[Any]]
"""Rows and columns of a part of a picture, and its values, [rows, columns, C]."""


def finished(
    size: tuple[int, int], tiles: Sequence[Tile], values_of: Callable[[Tile], NDArray[Any]]
) -> Iterator[Piece]:
    """Put a picture together without ever holding the whole of it.

    Args:
        size: (height, width) of the picture.
        tiles: as `plan` orders them.
        values_of: the tile's values, [h, w, 3], looked at before the next are asked for; float32 where tiles fade
            into each other.

    Yields:
        parts that no later tile touches; together they are the picture.
    """
    if all(np.isin(weights, (0, 1)).all() for tile in tiles for weights in (tile.rows, tile.columns)):
        return (_used_part(size, tile, values_of(tile)) for tile in tiles)
    return _faded(size, tiles, values_of)


def _used_part(size: tuple[int, int], tile: Tile, values: NDArray[Any]) -> Piece:
    rows, columns = (
        slice(start + used.start, min(start + used.stop, whole))
        for start, used, whole in zip(
            (tile.top, tile.left), (_used(tile.rows), _used(tile.columns)), size, strict=True
        )
    )
    inside = (
        slice(rows.start - tile.top, rows.stop - tile.top),
        slice(columns.start - tile.left, columns.stop - tile.left),
    )
    return rows, columns, values[inside]


def _faded(
    size: tuple[int, int], tiles: Sequence[Tile], values_of: Callable[[Tile], NDArray[Any]]
) -> Iterator[Piece]:
    """Add up tiles that fade into each other in a strip across the picture."""
    height, width = size
    across = slice(0, width)
    top, strip = 0, np.zeros((min(tiles[0].size[0], height), width, 3), np.float32)
    for tile in tiles:
        done = tile.top - top
        if done:
            yield slice(top, tile.top), across, strip[:done]
            following = np.zeros((min(tile.size[0], height - tile.top), width, 3), np.float32)
            following[: len(strip) - done] = strip[done:]
            top, strip = tile.top, following
        add(strip, replace(tile, top=0), values_of(tile))
    yield slice(top, height), across, strip


def add(result: NDArray[np.float32], tile: Tile, values: NDArray[np.float32]) -> None:
    """Add the tile's weighted values, float32 [h, w, C], to the picture that is being put together."""
    rows, columns = _used(tile.rows), _used(tile.columns)
    window = result[
        tile.top + rows.start : tile.top + rows.stop, tile.left + columns.start : tile.left + columns.stop
    ]
    values = values[rows, columns][: window.shape[0], : window.shape[1]]
    for weights in (tile.rows[rows, None, None], tile.columns[None, columns, None]):
        if not np.all(weights == 1):
            values = values * weights[: window.shape[0], : window.shape[1]]
    window += values


def _used(weights: NDArray[np.float32]) -> slice:
    nonzero = np.flatnonzero(weights)
    return slice(int(nonzero[0]), int(nonzero[-1]) + 1)


def _tile_size(padded: tuple[int, int], rule: SizeRule, halo: int, largest: int) -> tuple[int, int]:
    """The tile size within `largest` that computes fewest pixels in all, else the smallest possible."""

    def side(whole: int, count: int) -> int:
        # All start at multiples, so what counts is how many of these lie between the halos.
        steps = max(0, whole - 2 * halo) // rule.multiple
        return whole - (count - 1) * steps // count * rule.multiple

    options = []
    for down in range(1, _most_tiles(padded[0], rule, halo) + 1):
        for across in range(1, _most_tiles(padded[1], rule, halo) + 1):
            height = max(side(padded[0], down), rule.minimum[0])
            width = max(side(padded[1], across), rule.minimum[1])
            options.append(
                (height * width > largest, height * width * down * across, height * width, height, width)
            )
    fitting = [option for option in options if not option[0]]
    best = min(fitting) if fitting else min(options, key=lambda option: option[2])
    return best[3], best[4]


def _most_tiles(whole: int, rule: SizeRule, halo: int) -> int:
    """Tiles along an axis when each contributes about as much as its halo: thinner ones would only waste."""
    return max(1, whole // max(halo, rule.multiple))


def _spans(
    whole: int, side: int, halo: int, multiple: int, blended: bool
) -> list[tuple[int, NDArray[np.float32]]]:
    """Starts of the tiles along one axis, each with its weights: ramps or steps where neighbours overlap."""
    if side >= whole:
        return [(0, np.ones(whole, np.float32))]
    furthest = (side - 2 * halo) // multiple * multiple
    steps = math.ceil((whole - side) / furthest)
    starts = [(whole - side) * index // steps // multiple * multiple for index in range(steps + 1)]
    share = _ramp if blended else _step
    spans = []
    for index, start in enumerate(starts):
        weights = np.ones(side, np.float32)
        position = np.arange(start, start + side)
        if index > 0:
            weights *= share(position, starts[index], starts[index - 1] + side, halo)
        if index + 1 < len(starts):
            weights *= 1 - share(position, starts[index + 1], start + side, halo)
        spans.append((start, weights))
    return spans


def _ramp(position: NDArray[np.int64], overlap_start: int, overlap_stop: int, halo: int) -> NDArray[np.float32]:
    """From 0 to 1 across the part of an overlap that both tiles know exactly; a step if there is none."""
    first, last = overlap_start + halo, overlap_stop - halo
    if last <= first:
        return _step(position, overlap_start, overlap_stop, halo)
    return np.clip((position - first + 0.5) / (last - first), 0, 1).astype(np.float32)


def _step(position: NDArray[np.int64], overlap_start: int, overlap_stop: int, halo: int) -> NDArray[np.float32]:
    """From 0 to 1 in the middle of an overlap; as far from its ends as can be, `halo` or more."""
    return (position >= (overlap_start + overlap_stop) / 2).astype(np.float32)
