"""The decoded pictures of a training: in memory, or packed in a folder and read in place."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deblurgan import image
from deblurgan.errors import DeblurganError, PairError, RecipeError
from deblurgan.pairs import Pair, find_pairs
from deblurgan.training.settings import PairSource, Recipe
from deblurgan.whole import whole_file

Pixels = NDArray[np.uint8]
Picture = Pixels | Path
"""Decoded pixels, uint8 [H, W, 3], or the packed file that holds them."""

_UNREADABLE_SHARE = 0.01

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pictures:
    """What crops are cut from.

    Attributes:
        photos: sharp photographs.
        pairs: (blurred, sharp) of the same scene.
        weights: probability of each pair among the real crops, float64.
    """

    photos: tuple[Picture, ...]
    pairs: tuple[tuple[Picture, Picture], ...]
    weights: NDArray[np.float64]


def pixels_of(picture: Picture) -> Pixels:
    """The pixels; of a packed picture, a view from which only what is touched is read."""
    if not isinstance(picture, Path):
        return picture
    packed: Pixels = np.load(picture, mmap_mode="r")
    return packed


def load_pictures(recipe: Recipe) -> Pictures:
    """Decode everything that a recipe names, once; with `data.packed`, once for all trainings.

    Unreadable pictures are named in the log and left out.

    Raises:
        RecipeError: a folder is missing or holds nothing large enough to cut a crop from, or more than one
            picture in a hundred is unreadable.
    """
    photographs, sources = _found(recipe)
    store = _Store(_folder_for_packed(recipe))
    least = recipe.data.crop + 2 * recipe.blur.longest
    decoded = [picture for path in photographs if (picture := store.decoded(path)) is not None]
    photos = [picture for picture in decoded if _least_side(picture) >= least]
    by_source = [[both for pair in source if (both := store.both(pair)) is not None] for source in sources]
    store.refuse_damage(recipe.name)
    if recipe.data.photos and not photos:
        raise RecipeError(f"Recipe {recipe.name!r}: no photograph is at least {least} pixels along each side.")
    if small := len(decoded) - len(photos):
        log.warning(
            "Left out: %d of %d photographs, less than %d pixels high or wide.", small, len(decoded), least
        )
    pairs = [both for source in by_source for both in source]
    if any(_least_side(sharp) < least for _, sharp in pairs):
        raise RecipeError(f"Recipe {recipe.name!r}: pairs must be at least {least} pixels along each side.")
    return Pictures(tuple(photos), tuple(pairs), _weights(recipe.data.pairs, [len(each) for each in by_source]))


def refuse_missing(recipe: Recipe) -> None:
    """Look whether what a recipe names is there, and decode none of it.

    Raises:
        RecipeError: a folder is missing, or holds no pairs.
    """
    _found(recipe)


def _found(recipe: Recipe) -> tuple[list[Path], list[list[Pair]]]:
    """Photographs, and the pairs of each source."""
    photographs = [path for folder in recipe.data.photos for path in _photos_in(Path(folder), recipe.name)]
    return photographs, [_thinned(source) for source in recipe.data.pairs]


class _Store:
    """Decodes pictures, and counts those that it cannot."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read = 0
        self._damaged: list[str] = []

    def decoded(self, path: Path) -> Picture | None:
        """The picture, packed if there is a folder for it; None if it is unreadable."""
        self._read += 1
        try:
            return _packed(path, self._folder) if self._folder else _decode(path)
        except DeblurganError as error:
            self._leave_out(str(error))
            return None

    def both(self, pair: Pair) -> tuple[Picture, Picture] | None:
        """Both sides of a pair; None if one is unreadable or they differ in size."""
        blurred, sharp = self.decoded(pair.blurred), self.decoded(pair.sharp)
        if blurred is None or sharp is None:
            return None
        if pixels_of(blurred).shape != pixels_of(sharp).shape:
            self._leave_out(f"{pair.blurred} and {pair.sharp} differ in size.")
            return None
        return blurred, sharp

    def refuse_damage(self, recipe: str) -> None:
        """Raise if too much was left out to go on."""
        if len(self._damaged) > _UNREADABLE_SHARE * self._read:
            count, first = len(self._damaged), self._damaged[0]
            raise RecipeError(
                f"Recipe {recipe!r}: {count} of {self._read} pictures cannot be used; the first: {first}"
            )

    def _leave_out(self, reason: str) -> None:
        log.warning("Left out: %s", reason)
        self._damaged.append(reason)


def _photos_in(folder: Path, recipe: str) -> Iterable[Path]:
    if not folder.is_dir():
        raise RecipeError(f"Recipe {recipe!r}: data.photos names {folder}, which is not a folder.")
    found = image.pictures_in(folder)
    if not found:
        raise RecipeError(f"Recipe {recipe!r}: data.photos names {folder}, which holds no pictures.")
    return found


def _folder_for_packed(recipe: Recipe) -> Path | None:
    if not recipe.data.packed:
        return None
    folder = Path(recipe.data.packed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecipeError(
            f"Recipe {recipe.name!r}: data.packed names {folder}, where no folder can be ({error.strerror})."
        ) from None
    return folder


def _thinned(source: PairSource) -> list[Pair]:
    """Of each sequence, the first of every so many frames."""
    try:
        found = find_pairs(Path(source.folder), source.layout)
    except PairError as error:
        raise RecipeError(f"data.pairs: {error}") from None
    sequences: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in found:
        sequences[pair.dataset, pair.sequence].append(pair)
    return [pair for frames in sequences.values() for pair in frames[:: source.every]]


def _weights(sources: tuple[PairSource, ...], counts: list[int]) -> NDArray[np.float64]:
    shares = [source.share or count for source, count in zip(sources, counts, strict=True)]
    each = [np.full(count, share / count) for share, count in zip(shares, counts, strict=True) if count]
    weights: NDArray[np.float64] = np.concatenate([np.zeros(0), *each])
    return weights / max(float(weights.sum()), 1e-12)


def _packed(path: Path, folder: Path) -> Path:
    """Decode into a file of the folder, unless that was done before and the picture has not changed since."""
    facts = path.stat()
    identity = f"{path.resolve()}|{facts.st_size}|{facts.st_mtime_ns}"
    file = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:24]}.npy"
    if not _is_packed(file):
        pixels = _decode(path)
        with whole_file(file, overwrite=True) as temporary, temporary.open("wb") as stream:
            np.save(stream, pixels)
    return file


def _is_packed(file: Path) -> bool:
    """Whether a packed picture is there, and as long as it says itself."""
    try:
        pixels_of(file)
    except (OSError, ValueError, EOFError):
        return False
    return True


def _decode(path: Path) -> Pixels:
    return image.to_integer(image.read(path).pixels, 8)


def _least_side(picture: Picture) -> int:
    return min(pixels_of(picture).shape[:2])
