"""From photographs on disk to sharp photographs on disk, one outcome per file."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import BytesIO
from os.path import exists, isfile
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np

from deblurgan import memory
from deblurgan.by_pillow import size_by_header
from deblurgan.early_reading import EarlyReading
from deblurgan.errors import DeblurganError, TargetTaken, TooLarge, UnwritableTarget
from deblurgan.formats import RESULTS, SUFFIXES, is_video
from deblurgan.image import MAX_PIXELS, Image, read, write
from deblurgan.jobs import Job, PhotoOptions, target_taken
from deblurgan.outcome import Outcome
from deblurgan.restore import Restored, Restorer, load
from deblurgan.restore_options import RestoreOptions
from deblurgan.transparency import covered
from deblurgan.whole import is_taken, write_whole


def restore_photo(
    job: Job, restorer: Restorer, options: PhotoOptions, *, max_pixels: int | None = None
) -> Outcome:
    """Read, restore and write one photograph; whatever goes wrong with it is in the outcome.

    Args:
        job: which photograph, and where its result goes.
        restorer: with the model.
        options: how.
        max_pixels: it may have; None for as many as memory allows.

    Raises:
        TooLarge: it has more than `max_pixels`; nothing was done.
    """

    def work() -> Outcome:
        try:
            if is_taken(job.target) and not options.overwrite:
                if options.skip_existing:
                    _refuse_empty(job.target)
                raise target_taken(job.target)
            return _done(job, restorer, options, max_pixels)
        except TargetTaken:
            # Another program may have been first while this one was at work.
            if not options.skip_existing:
                raise
            return skipped(str(job.source), str(job.target), restorer)

    return outcome_of(str(job.source), restorer, work, unless=TooLarge if max_pixels is not None else None)


def begun(jobs: Sequence[Job | Outcome], options: PhotoOptions) -> list[Job | Outcome]:
    """The same jobs; if the first is a photograph without a result, its reading has begun."""
    if not jobs:
        return []
    first, *others = jobs
    if not isinstance(first, Job) or is_video(first.source) or not isfile(first.source):
        return list(jobs)
    if exists(first.target) and not options.overwrite:
        return list(jobs)
    reading = EarlyReading(first.source, pixels_allowed(options.restore.memory_limit))
    return [dataclasses.replace(first, reading=reading), *others]


def _refuse_empty(target: Path) -> None:
    """An empty file is nobody's result: some file systems keep one where a program was killed."""
    if target.is_file() and target.stat().st_size == 0:
        raise UnwritableTarget(f"{target} is there but empty; remove it to have it made.")


def skipped(source: str, target: str, restorer: Restorer) -> Outcome:
    """The outcome of a file whose result is there already."""
    model, engine = restorer.manifest.name, restorer.engine.name
    return Outcome(source, target, "skipped", "the result exists already", model=model, engine=engine)


def outcome_of(
    source: str,
    restorer: Restorer,
    work: Callable[[], Outcome],
    *,
    unless: type[DeblurganError] | None = None,
) -> Outcome:
    """What the work gives; if it goes wrong, the outcome that says so.

    Args:
        source: name of the file that is worked on.
        restorer: with the model.
        work: to do.
        unless: errors that are the caller's to handle.
    """
    try:
        return work()
    except DeblurganError as error:
        if unless is not None and isinstance(error, unless):
            raise
        reason = str(error)
    except MemoryError:
        reason = f"{source} needs more memory than there is; close other programs or scale it down."
    return Outcome(source, None, "failed", reason, model=restorer.manifest.name, engine=restorer.engine.name)


class NamedBytes(BytesIO):
    """A file's contents, under the name that messages and outcomes call it."""

    def __init__(self, contents: bytes, name: str) -> None:
        super().__init__(contents)
        self.name = name


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
    restored = _restored(photo, restorer, options.restore)
    sharp = photo.with_pixels(restored.pixels)
    write(sharp, target, format=options.format, quality=options.quality, metadata=options.metadata)
    size = photo.width, photo.height
    return _outcome(str(getattr(source, "name", "")), None, size, restored, restorer, started)


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
        if is_taken(Path(to)):
            raise TargetTaken(f"{to} exists already; choose another name, or remove it first.")
        return _done(Job(Path(source), Path(to)), restorer, PhotoOptions())
    photo = read(source)
    return photo.with_pixels(_restored(photo, restorer, RestoreOptions()).pixels)


@lru_cache(maxsize=4)
def _loaded(model: str | None) -> Restorer:
    return load(model)


def _done(job: Job, restorer: Restorer, options: PhotoOptions, max_pixels: int | None = None) -> Outcome:
    started = time.perf_counter()
    allowed = pixels_allowed(options.restore.memory_limit) if max_pixels is None else max_pixels
    foreseen = size_by_header(job.source)
    if foreseen is not None and math.prod(foreseen) <= allowed:
        restorer.prepare(foreseen, np.uint8, options.restore)
    try:
        photo = job.reading.take(allowed) if job.reading else read(job.source, max_pixels=allowed, as_stored=True)
    except TooLarge as error:
        if max_pixels is not None or allowed == MAX_PIXELS:
            raise
        raise TooLarge(f"{str(error).removesuffix('.')}, or allow more --memory.") from error
    size = photo.width, photo.height
    restored = _restored(photo, restorer, options.restore)
    stays = restored.verdict.share == 0 or options.restore.strength == 0
    if stays and (own := _own_contents(photo.format, job, options)) is not None:
        write_whole(job.target, own, overwrite=options.overwrite)
        return _outcome(str(job.source), str(job.target), size, restored, restorer, started)
    # Under the same name, so that a large blurred picture takes no memory while the sharp one is written.
    photo = photo.with_pixels(restored.pixels)
    write(
        photo,
        job.target,
        quality=options.quality,
        metadata=options.metadata,
        overwrite=options.overwrite,
    )
    return _outcome(str(job.source), str(job.target), size, restored, restorer, started)


def _restored(photo: Image, restorer: Restorer, options: RestoreOptions) -> Restored:
    """Restore what is seen of a photograph; what lies under full transparency stays as it was."""
    if photo.alpha is None or photo.saving.has_mask:
        return restorer(photo.pixels, options)
    pixels = covered(photo.pixels, photo.alpha)
    restored = restorer(pixels, options)
    if pixels is not photo.pixels and restored.pixels.shape == pixels.shape:
        hidden = photo.alpha == 0
        restored.pixels[hidden] = photo.pixels[hidden]
    return restored


def _own_contents(format: str, job: Job, options: PhotoOptions) -> bytes | None:
    """The file itself, where it may be the result of a picture that stays as it was; None where it may not."""
    suffix = job.target.suffix.lower()
    as_it_came = job.source.suffix.lower() not in RESULTS and SUFFIXES.get(suffix) == format
    if not as_it_came or options.quality is not None or options.metadata != "keep":
        return None
    try:
        # What is no file, such as a pipe, can be read but once.
        return job.source.read_bytes() if job.source.is_file() else None
    except OSError:
        return None


def _outcome(
    source: str,
    target: str | None,
    size: tuple[int, int],
    restored: Restored,
    restorer: Restorer,
    started: float,
) -> Outcome:
    return Outcome(
        source,
        target,
        "done" if restored.verdict.share else "unchanged",
        restored.verdict.reason,
        width=size[0],
        height=size[1],
        model=restorer.manifest.name,
        engine=restorer.engine.name,
        tiles=restored.tiles,
        seconds=round(time.perf_counter() - started, 3),
    )


def pixels_allowed(memory_limit: int | None) -> int:
    """Most pixels that a photograph may have within a memory limit, in bytes; None for no limit of its own."""
    return MAX_PIXELS if memory_limit is None else min(MAX_PIXELS, memory.most_pixels(memory_limit))
