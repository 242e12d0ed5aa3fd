"""Find blurred and sharp pictures that belong together, in the layouts that datasets come in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deblurgan.errors import PairError
from deblurgan.image import is_picture, pictures_in

_BLURRED = ("blur", "blurred", "input")
_SHARP = ("sharp", "target", "gt")


@dataclass(frozen=True)
class Pair:
    """A blurred picture and its sharp counterpart.

    Attributes:
        name: what both files have in common, sequence and frame.
        dataset: to group figures by.
        sequence: the clip or scene; frames of one never land on both sides of a split.
        blurred: path.
        sharp: path.
    """

    name: str
    dataset: str
    sequence: str
    blurred: Path
    sharp: Path


def find_pairs(source: Path | str, layout: str = "auto") -> list[Pair]:
    """Pairs in a folder, or named by a list file, sorted by name.

    Args:
        source: a folder; or a text file of lines 'SHARP BLURRED' relative to its folder.
        layout: a key of `LAYOUTS`, or 'auto' for the first that finds anything.

    Raises:
        PairError: the source or the layout does not exist, nothing was found, or a picture has no partner.
    """
    source = Path(source)
    if layout != "auto" and layout not in LAYOUTS:
        raise PairError(f"No layout is called {layout!r}; known: auto, {', '.join(LAYOUTS)}.")
    if source.is_file():
        return _from_list(source, source.parent)
    if not source.is_dir():
        raise PairError(f"{source} is not a folder; give one that holds blurred and sharp pictures.")
    for find in LAYOUTS.values() if layout == "auto" else (LAYOUTS[layout],):
        if found := find(source):
            return sorted(found, key=lambda pair: pair.name)
    raise PairError(
        f"{source} holds no pairs; expected NAME_blur.png beside NAME_sharp.png, or folders blur and sharp."
    )


def split_by_sequence(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """Divide pairs so that no sequence is on both sides; the same sequences always fall on the same side.

    Args:
        pairs: to divide.
        share: of the sequences for the second part, in [0, 1], met in the mean over many sequences.

    Returns:
        (the larger part, the part held out).
    """
    held_out = [pair for pair in pairs if _position(f"{pair.dataset}/{pair.sequence}") < share]
    kept = [pair for pair in pairs if _position(f"{pair.dataset}/{pair.sequence}") >= share]
    return kept, held_out


def _position(name: str) -> float:
    """A name's place in [0, 1), scattered evenly."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def _by_suffix(folder: Path) -> list[Pair]:
    """`NAME_blur.ext` beside `NAME_sharp.ext`; the first word of the name is the dataset's."""
    blurred: dict[str, Path] = {}
    sharp: dict[str, Path] = {}
    for path in pictures_in(folder):
        match = re.fullmatch(rf"(.+)_({'|'.join(_BLURRED + _SHARP)})", path.stem)
        if match:
            (blurred if match[2] in _BLURRED else sharp)[match[1]] = path
    _refuse_lonely(folder, blurred, sharp)
    return [
        Pair(name, _first_word(name, folder), re.sub(r"[_-]?\d+$", "", name) or name, path, sharp[name])
        for name, path in blurred.items()
    ]


def _by_folder(blurred_name: str, sharp_name: str, folder: Path) -> list[Pair]:
    """Two folders side by side, here or anywhere below, that hold the same relative paths."""
    pairs = []
    for blurred_root in sorted(path for path in folder.rglob(blurred_name) if path.is_dir()):
        sharp_root = blurred_root.with_name(sharp_name)
        if sharp_root.is_dir():
            sides = [
                {
                    path.relative_to(root).with_suffix("").as_posix(): path
                    for path in pictures_in(root, recursive=True)
                }
                for root in (blurred_root, sharp_root)
            ]
            _refuse_lonely(blurred_root.parent, *sides)
            above = blurred_root.parent.relative_to(folder).as_posix()
            prefix = "" if above == "." else f"{above}/"
            pairs += [
                Pair(prefix + name, folder.name, _parent(prefix + name), path, sides[1][name])
                for name, path in sides[0].items()
            ]
    return pairs


def _reds(folder: Path) -> list[Pair]:
    """`train_blur/000/00000000.png` and `train_sharp/...`, and the same for `val`."""
    return [pair for part in ("train", "val") for pair in _by_folder(f"{part}_blur", f"{part}_sharp", folder)]


def _hide(folder: Path) -> list[Pair]:
    """Blurred pictures in `test-close-ups` and `test-long-shot`, all sharp ones in `GT`."""
    pairs = []
    for sharp_root in sorted(path for path in folder.rglob("GT") if path.is_dir()):
        sharp = {path.stem: path for path in pictures_in(sharp_root, recursive=True)}
        blurred = {
            path.stem: path
            for root in sorted(sharp_root.parent.rglob("test-*"))
            if root.is_dir()
            for path in pictures_in(root)
        }
        if blurred:
            _refuse_lonely(sharp_root.parent, blurred, sharp)
            pairs += [Pair(name, folder.name, name, path, sharp[name]) for name, path in blurred.items()]
    return pairs


def _realblur(folder: Path) -> list[Pair]:
    """Lines 'SHARP BLURRED' in the lists that RealBlur's authors give with the pictures."""
    return [pair for file in sorted(folder.glob("RealBlur_*list.txt")) for pair in _from_list(file, folder)]


def _rsblur(folder: Path) -> list[Pair]:
    """`0001/000001/real_blur/real_blur.png` and `.../gt/gt_sharp.png`."""
    pairs = []
    for blurred in sorted(folder.rglob("real_blur/real_blur.png")):
        sharp = blurred.parents[1] / "gt" / "gt_sharp.png"
        name = blurred.parents[1].relative_to(folder).as_posix()
        if not sharp.is_file():
            raise PairError(f"{blurred} has no sharp picture at {sharp}.")
        pairs.append(Pair(name, folder.name, _parent(name), blurred, sharp))
    return pairs


def _from_list(file: Path, root: Path) -> list[Pair]:
    """Lines 'SHARP BLURRED', paths relative to `root`; further words and empty lines are passed over."""
    pairs = []
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) < 2 or not (is_picture(words[0]) and is_picture(words[1])):
            raise PairError(f"{file}, line {number}, is not 'SHARP BLURRED': {line[:60]!r}.")
        sharp, blurred = (root / word for word in words[:2])
        if missing := [path for path in (sharp, blurred) if not path.is_file()]:
            raise PairError(f"{file}, line {number}, names {missing[0]}, which does not exist.")
        name = Path(words[1]).with_suffix("").as_posix()
        pairs.append(Pair(name, file.stem, _parent(_parent(name)), blurred, sharp))
    return pairs


LAYOUTS: dict[str, Callable[[Path], list[Pair]]] = {
    "suffix": _by_suffix,
    "gopro": partial(_by_folder, "blur", "sharp"),
    "pairs": partial(_by_folder, "input", "target"),
    "dvd": partial(_by_folder, "input", "GT"),
    "reds": _reds,
    "realblur": _realblur,
    "rsblur": _rsblur,
    "hide": _hide,
    "gopro_gamma": partial(_by_folder, "blur_gamma", "sharp"),
}


def _refuse_lonely(folder: Path, blurred: Iterable[str], sharp: Iterable[str]) -> None:
    if alone := sorted(set(blurred) ^ set(sharp)):
        shown = ", ".join(alone[:5]) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
        raise PairError(f"In {folder}, {len(alone)} pictures have no partner of the same name: {shown}.")


def _first_word(name: str, folder: Path) -> str:
    word, separator, _ = name.partition("_")
    return word if separator else folder.name


def _parent(name: str) -> str:
    """The path above a name; the name itself if there is none."""
    above, _, _ = name.rpartition("/")
    return above or name
