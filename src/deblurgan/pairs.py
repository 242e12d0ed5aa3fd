"""Find blurred and sharp pictures that belong together, in the layouts that datasets come in."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from deblurgan.errors import PairError
from deblurgan.image import pictures_in
from deblurgan.pair_lists import read_list

_BLURRED = ("blur", "blurred", "input")
_SHARP = ("sharp", "target", "gt")


@dataclass(frozen=True)
class Pair:
    """A blurred picture and its sharp counterpart.

    Attributes:
        name: what both files have in common, sequence and frame.
        dataset: to group figures by.
        sequence: the clip or scene.
        blurred: path.
        sharp: path.
        more_sharp: other moments of the exposure, of which the best counts too (Köhler et al., 2012).
    """

    name: str
    dataset: str
    sequence: str
    blurred: Path
    sharp: Path
    more_sharp: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Survey:
    """What a folder or a list holds.

    Attributes:
        pairs: sorted by name.
        lonely: names of pictures that have no partner.
    """

    pairs: tuple[Pair, ...] = ()
    lonely: tuple[str, ...] = ()


def find_pairs(source: Path | str, layout: str = "auto") -> list[Pair]:
    """Pairs in a folder, or named by a list file, sorted by name.

    Args:
        source: a folder; or a text file of lines 'SHARP BLURRED' relative to its folder.
        layout: a key of `LAYOUTS`, or 'auto' for the first that finds anything.

    Raises:
        PairError: the source or the layout does not exist, nothing was found, or a picture has no partner.
    """
    found = survey(source, layout)
    if found.lonely:
        raise PairError(f"In {source}, {describe_lonely(found.lonely)}.")
    return list(found.pairs)


def survey(source: Path | str, layout: str = "auto") -> Survey:
    """As `find_pairs`, but pictures without a partner are named instead of refused.

    Raises:
        PairError: the source or the layout does not exist, or nothing was found.
    """
    source = Path(source)
    if layout != "auto" and layout not in LAYOUTS:
        raise PairError(f"No layout is called {layout!r}; known: auto, {', '.join(LAYOUTS)}.")
    if source.is_file():
        return _sorted(Survey(tuple(_from_list(source, source.parent))))
    if not source.is_dir():
        raise PairError(f"{source} is not a folder; give one that holds blurred and sharp pictures.")
    lonely: tuple[str, ...] = ()
    for find in LAYOUTS.values() if layout == "auto" else (LAYOUTS[layout],):
        found = find(source)
        if found.pairs:
            return _sorted(found)
        lonely = lonely or found.lonely
    if lonely:
        raise PairError(f"In {source}, {describe_lonely(lonely)}, and there are no pairs.")
    raise PairError(
        f"{source} holds no pairs; expected NAME_blur.png beside NAME_sharp.png, or folders blur and sharp."
    )


def joined_pairs(sources: Iterable[Path | str]) -> list[Pair]:
    """Pairs of several sources, each as `find_pairs` finds them.

    Sets that are called alike count as one set, unless names of their pairs are alike, too: then each is called
    after its source as well.

    Raises:
        PairError: as `find_pairs`, for any source.
    """
    found = {str(source): find_pairs(source) for source in sources}
    sharing = Counter(key for pairs in found.values() for key in {(pair.dataset, pair.name) for pair in pairs})
    mixed = {dataset for (dataset, _), count in sharing.items() if count > 1}
    return [
        replace(pair, dataset=f"{pair.dataset} of {source}") if pair.dataset in mixed else pair
        for source, pairs in found.items()
        for pair in pairs
    ]


def describe_lonely(lonely: Sequence[str]) -> str:
    """A clause that names some of the pictures without a partner."""
    shown = ", ".join(lonely[:5]) + (f" and {len(lonely) - 5} more" if len(lonely) > 5 else "")
    return f"{len(lonely)} pictures have no partner of the same name: {shown}"


def _by_suffix(folder: Path) -> Survey:
    """`NAME_blur.ext` beside `NAME_sharp.ext`; a `manifest.json` there may say which set a name is of."""
    blurred: dict[str, Path] = {}
    sharp: dict[str, Path] = {}
    for path in pictures_in(folder):
        match = re.fullmatch(rf"(.+)_({'|'.join(_BLURRED + _SHARP)})", path.stem)
        if match:
            (blurred if match[2] in _BLURRED else sharp)[match[1]] = path
    datasets = _datasets_in(folder / "manifest.json")
    return _matched(
        blurred,
        sharp,
        lambda name: (name, datasets.get(name, _called(folder)), re.sub(r"[_-]?\d+$", "", name) or name),
    )


def _datasets_in(file: Path) -> dict[str, str]:
    """Sets by name, from a JSON list of objects with 'id' and 'dataset'; none if there is no such list."""
    try:
        entries = json.loads(file.read_text("utf-8"))
        return {str(entry["id"]): str(entry["dataset"]) for entry in entries}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _by_folder(blurred_name: str, sharp_name: str, folder: Path, *, sets: bool = False) -> Survey:
    """Two folders side by side, here or anywhere below, that hold the same relative paths.

    Args:
        blurred_name: of the folder with blurred pictures.
        sharp_name: of the other.
        folder: to search.
        sets: what holds the two folders is a set of its own, not a sequence of one.
    """
    found = Survey()
    for blurred_root in sorted(path for path in folder.rglob(blurred_name) if path.is_dir()):
        sharp_root = blurred_root.with_name(sharp_name)
        if sharp_root.is_dir():
            blurred, sharp = (
                {
                    path.relative_to(root).with_suffix("").as_posix(): path
                    for path in pictures_in(root, recursive=True)
                }
                for root in (blurred_root, sharp_root)
            )
            above = blurred_root.parent.relative_to(folder).as_posix()

            def place(name: str, above: str = above) -> tuple[str, str, str]:
                full = name if above == "." else f"{above}/{name}"
                sequence = _parent(full)
                dataset = above if sets and above != "." else sequence.rpartition("/")[0]
                return full, dataset or _called(folder), sequence

            found = _joined(found, _matched(blurred, sharp, place))
    return found


def _reds(folder: Path) -> Survey:
    """`train_blur/000/00000000.png` and `train_sharp/...`, and the same for `val`."""
    train, val = (_by_folder(f"{part}_blur", f"{part}_sharp", folder) for part in ("train", "val"))
    if {pair.name for pair in train.pairs} & {pair.name for pair in val.pairs}:
        # Both parts number their clips from 000.
        train, val = _below("train", train), _below("val", val)
    return _joined(train, val)


def _below(folder: str, found: Survey) -> Survey:
    """The same under names that begin with a folder's."""
    return Survey(
        tuple(
            replace(pair, name=f"{folder}/{pair.name}", sequence=f"{folder}/{pair.sequence}")
            for pair in found.pairs
        ),
        tuple(f"{folder}/{name}" for name in found.lonely),
    )


def _hide(folder: Path) -> Survey:
    """Blurred pictures in `test-close-ups` and `test-long-shot`, all sharp ones in `GT`."""
    found = Survey()
    for sharp_root in sorted(path for path in folder.rglob("GT") if path.is_dir()):
        sharp = {path.stem: path for path in pictures_in(sharp_root, recursive=True)}
        blurred = {
            path.stem: path
            for root in sorted(sharp_root.parent.rglob("test-*"))
            if root.is_dir()
            for path in pictures_in(root)
        }
        if blurred:
            found = _joined(found, _matched(blurred, sharp, lambda name: (name, _called(folder), name)))
    return found


def _realblur(folder: Path) -> Survey:
    """Lines 'SHARP BLURRED' in the lists that RealBlur's authors give with the pictures."""
    files = sorted(folder.glob("RealBlur_*list.txt"))
    return Survey(tuple(pair for file in files for pair in _from_list(file, folder)))


def _rsblur(folder: Path) -> Survey:
    """`0001/000001/real_blur/real_blur.png` and `.../gt/gt_sharp.png`."""
    blurred = {
        path.parents[1].relative_to(folder).as_posix(): path for path in folder.rglob("real_blur/real_blur.png")
    }
    sharp = {path.parents[1].relative_to(folder).as_posix(): path for path in folder.rglob("gt/gt_sharp.png")}
    return _matched(blurred, sharp, lambda name: (name, _called(folder), _parent(name)))


def _kohler(folder: Path) -> Survey:
    """`Blurry1_2.png` and the frames of its camera's path, `GroundTruth1_2_3.png`, anywhere below."""
    blurred: dict[str, Path] = {}
    frames: defaultdict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path in pictures_in(folder, recursive=True):
        if match := re.fullmatch(r"Blurry(\d+_\d+)", path.stem):
            blurred[match[1]] = path
        elif match := re.fullmatch(r"GroundTruth(\d+_\d+)_(\d+)", path.stem):
            frames[match[1]].append((int(match[2]), path))
    ordered = {name: tuple(path for _, path in sorted(found)) for name, found in frames.items()}
    first = _matched(
        blurred,
        {name: paths[0] for name, paths in ordered.items()},
        lambda name: (name, _called(folder), name.partition("_")[0]),
    )
    pairs = tuple(replace(pair, more_sharp=ordered[pair.name][1:]) for pair in first.pairs)
    return Survey(pairs, first.lonely)


def _from_list(file: Path, root: Path) -> list[Pair]:
    return [
        Pair(line.name, file.stem, _parent(_parent(line.name)), line.blurred, line.sharp)
        for line in read_list(file, root)
    ]


LAYOUTS: dict[str, Callable[[Path], Survey]] = {
    "suffix": _by_suffix,
    "gopro": partial(_by_folder, "blur", "sharp"),
    "pairs": partial(_by_folder, "input", "target", sets=True),
    "dvd": partial(_by_folder, "input", "GT"),
    "reds": _reds,
    "reds_jpeg": partial(_by_folder, "val_blur_jpeg", "val_sharp"),
    "realblur": _realblur,
    "rsblur": _rsblur,
    "hide": _hide,
    "kohler": _kohler,
    "gopro_gamma": partial(_by_folder, "blur_gamma", "sharp"),
}


def _matched(
    blurred: Mapping[str, Path], sharp: Mapping[str, Path], place: Callable[[str], tuple[str, str, str]]
) -> Survey:
    """Pairs of what both sides have; `place` gives a pair's name, set and sequence."""
    pairs = tuple(Pair(*place(name), path, sharp[name]) for name, path in blurred.items() if name in sharp)
    return Survey(pairs, tuple(place(name)[0] for name in sorted(set(blurred) ^ set(sharp))))


def _joined(*surveys: Survey) -> Survey:
    return Survey(
        tuple(pair for each in surveys for pair in each.pairs),
        tuple(name for each in surveys for name in each.lonely),
    )


def _sorted(found: Survey) -> Survey:
    return Survey(tuple(sorted(found.pairs, key=lambda pair: pair.name)), found.lonely)


def _called(folder: Path) -> str:
    """A folder's name, that of `.` and `..` too; a link keeps its own."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name


def _parent(name: str) -> str:
    """The path above a name; the name itself if there is none."""
    above, _, _ = name.rpartition("/")
    return above or name
