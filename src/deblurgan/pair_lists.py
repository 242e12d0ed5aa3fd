"""Lists of blurred and sharp pictures that belong together, as data sets bring them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from deblurgan.errors import PairError
from deblurgan.formats import is_picture, is_video


@dataclass(frozen=True)
class ListedPair:
    """A line of a list.

    Attributes:
        name: of the blurred picture: its path below the root, or below the folder that holds the root and all
            pictures if some lie elsewhere. Never absolute and never upwards, so that a result of this name stays
            in its folder; without suffix where names differ without it.
        blurred: path.
        sharp: path.
    """

    name: str
    blurred: Path
    sharp: Path


def read_list(file: Path, root: Path) -> list[ListedPair]:
    """Lines 'SHARP BLURRED'; further words and empty lines are passed over.

    Args:
        file: the list.
        root: folder that its paths are relative to.

    Raises:
        PairError: it is a video, a line is none of a pair, or names a file that does not exist.
    """
    if is_video(file):
        raise PairError(f"{file} is a video, no list of pairs; evaluate --video measures how steady it stays.")
    words = []
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
        found = line.split()
        if not found:
            continue
        if len(found) < 2 or not (is_picture(found[0]) and is_picture(found[1])):
            raise PairError(f"{file}, line {number}, is not 'SHARP BLURRED': {line[:60]!r}.")
        sharp, blurred = found[:2]
        if missing := [root / word for word in (sharp, blurred) if not (root / word).is_file()]:
            raise PairError(f"{file}, line {number}, names {missing[0]}, which does not exist.")
        words.append((sharp, blurred))
    names = _names(root.resolve(), [blurred for _, blurred in words])
    return [
        ListedPair(name, root / blurred, root / sharp) for name, (sharp, blurred) in zip(names, words, strict=True)
    ]


def _names(root: Path, words: Sequence[str]) -> list[str]:
    # Where a path leads upwards out of a link, only the system knows what is above.
    places = [(root / word).resolve() if ".." in Path(word).parts else root / word for word in words]
    parts = [(path.drive.strip(":\\"), *path.parts[1:]) for path in (root, *places)]
    above = len(list(takewhile(lambda level: len(set(level)) == 1, zip(*parts, strict=False))))
    names = [PurePosixPath(*each[above:]) for each in parts[1:]]
    shared = Counter(name.with_suffix("") for name in set(names))
    return [str(name if shared[name.with_suffix("")] > 1 else name.with_suffix("")) for name in names]
