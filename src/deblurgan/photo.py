"""From photographs on disk to sharp photographs on disk, one outcome per file."""

from __future__ import annotations

import glob
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal, overload

from deblurgan import memory
from deblurgan.errors import DeblurganError, TooLarge, UnwritableTarget
from deblurgan.formats import CONTAINERS, SUFFIXES, is_restorable, restorable_in, result_suffix
from deblurgan.image import MAX_PIXELS, Image, read, write
from deblurgan.restore import Restored, RestoreOptions, Restorer, load


@dataclass(frozen=True)
class PhotoOptions:
    """What happens to each photograph.

    Attributes:
        restore: strength, tiles and guard.
        suffix: put after the stem of a result that has no other place.
        format: of the results, as a suffix without its dot; None for the input's.
        quality: 1 to 100 for lossy formats; None to keep the input's.
        metadata: 'keep' or 'strip'.
        overwrite: existing results are replaced.
        skip_existing: existing results are left and reported as skipped.
        recursive: folders are searched below, too.
    """

    restore: RestoreOptions = field(default_factory=RestoreOptions)
    suffix: str = "_deblurred"
    format: str | None = None
    quality: int | None = None
    metadata: Literal["keep", "strip"] = "keep"
    overwrite: bool = False
    skip_existing: bool = False
    recursive: bool = False


@dataclass(frozen=True)
class Job:
    """One photograph to restore.

    Attributes:
        source: path of the photograph.
        target: path of the result.
    """

    source: Path
    target: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        input: path as given.
        output: path of the result, or None without one.
        status: how it ended; 'unchanged' if the guard kept nothing of the network's change.
        reason: why it failed, was skipped, or what the guard took back; empty otherwise.
        width, height: of the picture in pixels; 0 if unknown.
        model: name.
        engine: name.
        tiles: into how many the picture was cut.
        seconds: it took, reading and writing included.
    """

    input: str
    output: str | None
    status: Literal["done", "unchanged", "skipped", "failed"]
    reason: str = ""
    width: int = 0
    height: int = 0
    model: str = ""
    engine: str = ""
    tiles: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """The outcomes of a batch.

    Attributes:
        outcomes: in the order of the inputs.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> int:
        """0 if nothing failed, else 1."""
        return int(bool(self.failed))

    @property
    def failed(self) -> list[Outcome]:
        """Those that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]


def plan(inputs: Sequence[str], output: str | None, options: PhotoOptions) -> list[Job | Outcome]:
    """Decide before any work which photo or video becomes which; what cannot be found is a failed outcome already.

    Args:
        inputs: files, folders or patterns.
        output: None for beside the input; a folder; or a file's name if there is one input only.
        options: suffix, format and whether folders are searched below.

    Raises:
        UnwritableTarget: the format is unknown, two inputs would write one file, several inputs share one
            named file, or an input would be overwritten without leave.
    """
    if options.format and f".{options.format.lower()}" not in (*SUFFIXES, *CONTAINERS):
        known = " ".join((*SUFFIXES, *CONTAINERS))
        raise UnwritableTarget(f"Results cannot be {options.format!r}; use one of {known}.")
    found = [entry for given in inputs for entry in _expand(given, options)]
    sources = [entry for entry in found if not isinstance(entry, Outcome)]
    one_file = output is not None and _names_a_file(output, sources)
    if one_file and len(sources) > 1:
        raise UnwritableTarget(f"{output} is one file but there are {len(sources)} inputs; give a folder.")
    jobs: list[Job | Outcome] = []
    taken: dict[Path, Path] = {}
    for entry in found:
        if isinstance(entry, Outcome):
            jobs.append(entry)
            continue
        source, root = entry
        target = Path(output) if output and one_file else _target(source, root, output, options)
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


def restore_photo(job: Job, restorer: Restorer, options: PhotoOptions, *, small: int | None = None) -> Outcome:
    """Read, restore and write one photograph; whatever goes wrong with it is in the outcome.

    Args:
        job: which photograph, and where its result goes.
        restorer: with the model.
        options: how.
        small: pixels it may have; None for as many as memory allows.

    Raises:
        TooLarge: it has more than `small`; nothing was done.
    """
    model, engine = restorer.manifest.name, restorer.engine.name
    if options.skip_existing and job.target.exists():
        return Outcome(
            str(job.source),
            str(job.target),
            "skipped",
            "the result exists already",
            model=model,
            engine=engine,
        )
    try:
        return _done(job, restorer, options, small)
    except DeblurganError as error:
        if small is not None and isinstance(error, TooLarge):
            raise
        reason = str(error)
    except MemoryError:
        reason = f"{job.source} needs more memory than there is; close other programs or scale it down."
    return Outcome(str(job.source), None, "failed", reason, model=model, engine=engine)


def restore_stream(
    source: BinaryIO,
    target: BinaryIO,
    restorer: Restorer,
    options: PhotoOptions,
    *,
    max_pixels: int = MAX_PIXELS,
) -> Outcome:
    """Restore one photograph from an open stream into another; the outcome's input is the stream's name.

    Raises:
        DeblurganError: the photograph cannot be read, has more than `max_pixels` pixels, or cannot be written
            as the options ask.
        MemoryError: not even the smallest tile fits.
    """
    started = time.perf_counter()
    photo = read(source, max_pixels=max_pixels, as_stored=True)
    restored = restorer(photo.pixels, options.restore)
    sharp = photo.with_pixels(restored.pixels)
    write(sharp, target, format=options.format, quality=options.quality, metadata=options.metadata)
    return _outcome(str(getattr(source, "name", "")), None, photo, restored, restorer, started)


@overload
def deblur(source: str | Path, *, to: None = None, model: str | None = None) -> Image: ...


@overload
def deblur(source: str | Path, *, to: str | Path, model: str | None = None) -> Outcome: ...


def deblur(source: str | Path, *, to: str | Path | None = None, model: str | None = None) -> Image | Outcome:
    """Sharpen one photograph.

    Args:
        source: path of the photograph.
        to: path of the result, which must not exist; None for no file.
        model: name or folder; None for `DEBLURGAN_MODEL` or 'default'. It stays loaded for the next call.

    Returns:
        the sharp `Image`, or the `Outcome` if a file was written.

    Raises:
        DeblurganError: the photograph cannot be read, or the result not be written.
    """
    restorer = _loaded(model)
    if to is not None:
        return _done(Job(Path(source), Path(to)), restorer, PhotoOptions())
    photo = read(source)
    return photo.with_pixels(restorer(photo.pixels).pixels)


@lru_cache(maxsize=4)
def _loaded(model: str | None) -> Restorer:
    return load(model)


def _done(job: Job, restorer: Restorer, options: PhotoOptions, small: int | None = None) -> Outcome:
    started = time.perf_counter()
    if job.target.exists() and not options.overwrite:
        raise UnwritableTarget(f"{job.target} exists already; add --overwrite or --skip-existing.")
    if small is None:
        photo = _read_within(job.source, options.restore.memory_limit)
    else:
        photo = read(job.source, max_pixels=small, as_stored=True)
    restored = restorer(photo.pixels, options.restore)
    write(
        photo.with_pixels(restored.pixels),
        job.target,
        format=options.format,
        quality=options.quality,
        metadata=options.metadata,
        overwrite=options.overwrite,
    )
    return _outcome(str(job.source), str(job.target), photo, restored, restorer, started)


def _outcome(
    source: str, target: str | None, photo: Image, restored: Restored, restorer: Restorer, started: float
) -> Outcome:
    return Outcome(
        source,
        target,
        "done" if restored.verdict.share else "unchanged",
        restored.verdict.reason,
        width=photo.width,
        height=photo.height,
        model=restorer.manifest.name,
        engine=restorer.engine.name,
        tiles=restored.tiles,
        seconds=round(time.perf_counter() - started, 3),
    )


def _read_within(source: Path, memory_limit: int | None) -> Image:
    allowed = MAX_PIXELS if memory_limit is None else min(MAX_PIXELS, memory.most_pixels(memory_limit))
    try:
        return read(source, max_pixels=allowed, as_stored=True)
    except TooLarge as error:
        if allowed == MAX_PIXELS:
            raise
        raise TooLarge(f"{str(error).removesuffix('.')}, or allow more --memory.") from error


def _expand(given: str, options: PhotoOptions) -> list[tuple[Path, Path] | Outcome]:
    """Files that one argument stands for, each with the folder its result keeps the relative path from."""
    path = Path(given)
    if path.is_dir():
        inside = [
            (file, path)
            for file in restorable_in(path, recursive=options.recursive)
            if not _is_result(file, options)
        ]
        return [*inside] or [_missing(given, f"{given} holds no pictures ({' '.join(SUFFIXES)}) or videos.")]
    if not path.exists() and glob.has_magic(given):
        matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]
        pictures = [(match, match.parent) for match in matches if match.is_file() and is_restorable(match)]
        return [*pictures] or [_missing(given, f"{given} matches no pictures or videos.")]
    if not path.exists():
        return [_missing(given, f"{given} does not exist; check the name.")]
    return [(path, path.parent)]


def _is_result(file: Path, options: PhotoOptions) -> bool:
    """Whether an earlier run over the same folder made this file: sharpening it again would only harm it."""
    original = file.stem.removesuffix(options.suffix)
    return bool(options.suffix) and original != file.stem and any(file.parent.glob(f"{glob.escape(original)}.*"))


def _missing(given: str, reason: str) -> Outcome:
    return Outcome(given, None, "failed", reason)


def _names_a_file(output: str, sources: Sequence[object]) -> bool:
    path = Path(output)
    return not output.endswith(("/", "\\")) and not path.is_dir() and is_restorable(path)


def _target(source: Path, root: Path, output: str | None, options: PhotoOptions) -> Path:
    name = f"{source.stem}{options.suffix}{result_suffix(source, options.format)}"
    return source.with_name(name) if output is None else Path(output) / source.relative_to(root).with_name(name)
