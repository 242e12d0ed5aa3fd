"""Find blurred and sharp pictures that belong together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deblurgan.errors import PairError
from deblurgan.image import pictures_in

_BLURRED = ("blur", "blurred", "input")
_SHARP = ("sharp", "target", "gt")


@dataclass(frozen=True)
class Pair:
    """A blurred picture and its sharp counterpart.

    Attributes:
        name: what both files' names share, with their sequence where there is one.
        dataset: first word of the name, to group figures by; the folder's name if there is only one word.
        blurred: path.
        sharp: path.
    """

    name: str
    dataset: str
    blurred: Path
    sharp: Path


def find_pairs(folder: Path | str, layout: str = "auto") -> list[Pair]:
    """Pairs in a folder, sorted by name.

    Args:
        folder: where to look.
        layout: a key of `LAYOUTS`, or 'auto' for the first that finds anything.

    Raises:
        PairError: the folder or the layout does not exist, nothing was found, or a picture has no partner.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise PairError(f"{folder} is not a folder; give one that holds blurred and sharp pictures.")
    if layout != "auto" and layout not in LAYOUTS:
        raise PairError(f"No layout is called {layout!r}; known: auto, {', '.join(LAYOUTS)}.")
    for find in LAYOUTS.values() if layout == "auto" else (LAYOUTS[layout],):
        if found := find(folder):
            return sorted(found, key=lambda pair: pair.name)
    raise PairError(
        f"{folder} holds no pairs; expected NAME_blur.png beside NAME_sharp.png, or folders blur and sharp."
    )


def _by_suffix(folder: Path) -> list[Pair]:
    """`NAME_blur.ext` beside `NAME_sharp.ext`."""
    blurred: dict[str, Path] = {}
    sharp: dict[str, Path] = {}
    for path in pictures_in(folder):
        match = re.fullmatch(rf"(.+)_({'|'.join(_BLURRED + _SHARP)})", path.stem)
        if match:
            (blurred if match[2] in _BLURRED else sharp)[match[1]] = path
    return _match(folder, blurred, sharp)


def _by_folder(folder: Path) -> list[Pair]:
    """Folders called `blur` and `sharp`, or `input` and `target`, here or in every sequence below."""
    pairs = []
    for parent in sorted({folder, *(path for path in folder.rglob("*") if path.is_dir())}):
        inside = {path.name: path for path in parent.iterdir() if path.is_dir()}
        blurred = next((inside[name] for name in _BLURRED if name in inside), None)
        sharp = next((inside[name] for name in _SHARP if name in inside), None)
        if blurred and sharp:
            prefix = "" if parent == folder else f"{parent.relative_to(folder).as_posix()}/"
            sides = [{prefix + path.stem: path for path in pictures_in(side)} for side in (blurred, sharp)]
            pairs += _match(parent, *sides)
    return pairs


LAYOUTS: dict[str, Callable[[Path], list[Pair]]] = {
    "suffix": _by_suffix,
    "folders": _by_folder,
}


def _match(folder: Path, blurred: dict[str, Path], sharp: dict[str, Path]) -> list[Pair]:
    if alone := sorted(blurred.keys() ^ sharp.keys()):
        shown = ", ".join(alone[:5]) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
        raise PairError(f"In {folder}, {len(alone)} pictures have no partner of the same name: {shown}.")
    return [Pair(name, _dataset(name, folder), path, sharp[name]) for name, path in sorted(blurred.items())]


def _dataset(name: str, folder: Path) -> str:
    words = re.split(r"[_/]", name)
    return words[0] if len(words) > 1 else folder.name
