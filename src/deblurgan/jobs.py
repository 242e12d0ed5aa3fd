"""Decide before any work which file becomes which."""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from os.path import isdir, isfile
from pathlib import Path, PurePath
from typing import Literal, TypeVar

from deblurgan.early_reading import EarlyReading
from deblurgan.errors import TargetTaken, UnwritableTarget
from deblurgan.formats import (
    CONTAINERS,
    SUFFIXES,
    contradicts,
    is_foreign,
    is_hidden,
    is_restorable,
    is_writable,
    names_a_file,
    restorable_in,
    result_suffix,
)
from deblurgan.outcome import Outcome
from deblurgan.restore_options import RestoreOptions
from deblurgan.whole import exists

_KNOWN = " ".join((*SUFFIXES, *CONTAINERS))

AnyPath = TypeVar("AnyPath", bound=PurePath)


@dataclass(frozen=True)
class PhotoOptions:
    """What happens to each photograph.

    Attributes:
        restore: strength, tiles and guard.
        suffix: put after the stem of a result that has no other place.
        format: of the results, as a suffix without its dot; None for the input's. It only decides the
            suffix of a planned target: each file is written as its suffix says.
        quality: 1 to 100 for lossy formats; None to keep the input's.
        metadata: 'keep' or 'strip'.
        overwrite: existing results are replaced.
        skip_existing: existing results are left and reported as skipped.
        recursive: folders are searched below, too.

    Raises:
        UnwritableTarget: the format is unknown, or the suffix no part of a name.
    """

    restore: RestoreOptions = field(default_factory=RestoreOptions)
    suffix: str = "_deblurred"
    format: str | None = None
    quality: int | None = None
    metadata: Literal["keep", "strip"] = "keep"
    overwrite: bool = False
    skip_existing: bool = False
    recursive: bool = False

    def __post_init__(self) -> None:
        if self.format and f".{self.format.lower()}" not in (*SUFFIXES, *CONTAINERS):
            raise UnwritableTarget(f"Results cannot be {self.format!r}; use one of {_KNOWN}.")
        if Path(f"name{self.suffix}").name != f"name{self.suffix}":
            raise UnwritableTarget(f"The suffix {self.suffix!r} is no part of a name; give a folder with -o.")


@dataclass(frozen=True)
class Job:
    """One photograph, video or folder of frames to restore.

    Attributes:
        source: path of the photograph.
        target: path of the result.
        reading: that has begun; None where it begins when its turn comes.
    """

    source: Path
    target: Path
    reading: EarlyReading | None = field(default=None, compare=False, repr=False)


def target_taken(target: Path | str) -> TargetTaken:
    """What to raise, or to say, of a job whose result exists already."""
    return TargetTaken(f"{target} exists already; add --overwrite or --skip-existing.")


def plan(inputs: Sequence[str], output: str | None, options: PhotoOptions) -> list[Job | Outcome]:
    """Decide before any work which photo or video becomes which; what cannot be found is a failed outcome already.

    Args:
        inputs: files, folders or patterns; of what is found in the latter two, results of earlier runs are left
            out, among them all that is below the output's folder where that is inside.
        output: None for beside the input; a folder; or a file's name if there is one input only.
        options: suffix, format and whether folders are searched below.

    Raises:
        UnwritableTarget: two inputs of one name would write one file, several inputs share one named file, its
            name contradicts the format or is of one that cannot be written, or an input would be overwritten
            without leave.
    """
    found = [entry for given in inputs for entry in _expand(given, output, options)]
    sources = [entry for entry in found if not isinstance(entry, Outcome)]
    named = _named_file(output, len(sources), options)
    rivals: defaultdict[Path, set[str]] = defaultdict(set)
    for source, root in sources:
        rivals[_target(source, root, output, options).resolve()].add(source.name)
    jobs: list[Job | Outcome] = []
    taken: dict[Path, Path] = {}
    for entry in found:
        if isinstance(entry, Outcome):
            jobs.append(entry)
            continue
        source, root = entry
        target = named or _target(source, root, output, options)
        if len(rivals[target.resolve()]) > 1:
            target = _target(source, root, output, options, whole=True)
        if not is_writable(target):
            jobs.append(_failed(str(source), _unknown_kind(source)))
            continue
        key = target.resolve()
        if key in taken and taken[key].resolve() != source.resolve():
            raise UnwritableTarget(
                f"{taken[key]} and {source} would both become {target}; give them different folders or names."
            )
        if key == source.resolve() and not options.overwrite:
            raise UnwritableTarget(f"{source} would be overwritten by its result; add --overwrite to allow that.")
        if key not in taken:
            taken[key] = source
            jobs.append(Job(source, target))
    return jobs


def _unknown_kind(source: Path) -> str:
    if is_foreign(source):
        return f"{source} is of a kind that is not read here; convert it first, as to .png or .mkv."
    return (
        f"{source} has no suffix of a known kind; if it is a picture all the same, add --format jpg, "
        "and if it is a video, convert it first, as to .mkv with FFmpeg."
    )


def _named_file(output: str | None, sources: int, options: PhotoOptions) -> Path | None:
    """The file that an output names; None if it names a folder, or nothing."""
    # Of a name that the system refuses `isdir` says no, and writing says why.
    if not output or output.endswith(("/", "\\")) or isdir(output) or not names_a_file(output):
        return None
    if not is_writable(output):
        raise UnwritableTarget(
            f"{output} cannot be written as {Path(output).suffix!r}; use one of {_KNOWN}, or {output}/ for a "
            "folder."
        )
    if sources > 1:
        raise UnwritableTarget(f"{output} is one file but there are {sources} inputs; give a folder.")
    if contradicts(output, options.format):
        raise UnwritableTarget(
            f"{output} would not be what --format {options.format} says; leave one of them out."
        )
    return Path(output)


def _expand(given: str, output: str | None, options: PhotoOptions) -> list[tuple[Path, Path] | Outcome]:
    """Files that one argument stands for, each with the folder its result keeps the relative path from."""
    try:
        return _found(given, output, options)
    except OSError as error:
        return [_unreadable(given, error)]


def _unreadable(given: str, error: OSError) -> Outcome:
    return _failed(given, f"{given} cannot be read ({error.strerror}); check its name and permissions.")


def _refusals(folder: Path, *, recursive: bool) -> list[OSError]:
    """What the system says of a folder and those below that it does not open; a search passes over them."""
    refused: list[OSError] = []
    for _, below, _ in os.walk(folder, onerror=refused.append):
        below[:] = [name for name in below if recursive and not is_hidden(Path(name))]
    return refused


def _found(given: str, output: str | None, options: PhotoOptions) -> list[tuple[Path, Path] | Outcome]:
    path = Path(given)
    if path.is_dir():
        inside = restorable_in(path, recursive=options.recursive)
        jobs = [(file, path) for file in _without_results(inside, path, output, options)]
        closed = [_unreadable(error.filename, error) for error in _refusals(path, recursive=options.recursive)]
        return [*jobs, *closed] or [_failed(given, f"{given} holds no pictures ({' '.join(SUFFIXES)}) or videos.")]
    if not exists(path) and glob.has_magic(given):
        matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]
        pictures = [match for match in matches if match.is_file() and is_restorable(match)]
        root = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts))
        if fresh := _without_results(pictures, root, output, options):
            return [(match, match.parent) for match in fresh]
        known = " but results of earlier runs; name one to have it restored again" if pictures else ""
        return [_failed(given, f"{given} matches no pictures or videos{known}.")]
    if not exists(path):
        return [_failed(given, f"{given} does not exist; check the name.")]
    return [(path, path.parent)]


def _without_results(files: list[Path], root: Path, output: str | None, options: PhotoOptions) -> list[Path]:
    """Those that are no results of an earlier run, by their names or by their place below the output's folder.

    Args:
        files: that were found below `root`.
        root: the folder they were looked for in.
        output: as given.
        options: with the suffix of results.
    """
    place = place_below(Path(output).resolve(), root.resolve()) if output and isdir(output) else None
    outside = files if place is None else [file for file in files if not file.is_relative_to(root / place)]
    return [file for file in outside if not _is_result(file, options)]


def place_below(path: AnyPath, folder: AnyPath) -> AnyPath | None:
    """The path of something in a folder, seen from there; None if it is not in it, or the folder itself."""
    return path.relative_to(folder) if folder in path.parents else None


def result_name(source: PurePath, options: PhotoOptions, *, whole: bool = False) -> str:
    """The name of a result; with `whole` its source's suffix stays in it, as in IMG_1.heic_deblurred.jpg.

    So are told apart the results of IMG_1.heic and IMG_1.jpg, and of all others that would have one name.
    """
    stem = source.name if whole else source.stem
    return f"{stem}{options.suffix}{result_suffix(source, options.format)}"


def stem_before(stem: str, suffix: str) -> str | None:
    """The stem or name of the file that one of this stem may be the result of; None if its name is no result's.

    To sharpen the results of an earlier run again would only harm them.
    """
    original = stem.removesuffix(suffix)
    return original if suffix and original != stem else None


def _is_result(file: Path, options: PhotoOptions) -> bool:
    original = stem_before(file.stem, options.suffix)
    if original is None:
        return False
    has_whole_name = is_restorable(original) and isfile(file.with_name(original))
    others = file.parent.glob(f"{glob.escape(original)}.*")
    return has_whole_name or any(map(is_restorable, others))


def _failed(given: str, reason: str) -> Outcome:
    return Outcome(given, None, "failed", reason)


def _target(source: Path, root: Path, output: str | None, options: PhotoOptions, *, whole: bool = False) -> Path:
    name = result_name(source, options, whole=whole)
    return source.with_name(name) if output is None else Path(output) / source.relative_to(root).with_name(name)
