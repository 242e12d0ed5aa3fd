"""Photographs in object stores: listed, read and written by address, through Arrow's file systems."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deblurgan.errors import DeblurganError, UnwritableTarget
from deblurgan.extras import require
from deblurgan.formats import is_hidden, is_picture
from deblurgan.jobs import PhotoOptions, place_below, result_name, stem_before, target_taken
from deblurgan.outcome import Outcome
from deblurgan.photo import NamedBytes, outcome_of, pixels_allowed, restore_stream, skipped
from deblurgan.restore import Restorer
from deblurgan.whole import write_whole

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


@dataclasses.dataclass(frozen=True)
class ObjectJob:
    """One photograph to restore.

    Attributes:
        source: address of the photograph, such as s3://bucket/photos/one.jpg.
        target: address of the result.
    """

    source: str
    target: str


def is_address(text: str) -> bool:
    """Whether a text is an address, such as s3://bucket/photos, and not a path."""
    return "://" in text


def plan_objects(inputs: Sequence[str], output: str | None, options: PhotoOptions) -> list[ObjectJob | Outcome]:
    """Decide before any work which photograph becomes which; what cannot be found is a failed outcome already.

    Args:
        inputs: addresses of photographs, or of folders.
        output: address of a folder; None for beside the input.
        options: suffix, format and whether folders are searched below.

    Raises:
        UnwritableTarget: two inputs of one name would write one result, or an input would be overwritten without
            leave.
        DeblurganError: no store of such a kind is known, or it does not answer.
        MissingExtra: Arrow, which comes with Ray Data, is not installed.
    """
    found = [entry for given in inputs for entry in _expand(given, output, options)]
    rivals: defaultdict[str, set[str]] = defaultdict(set)
    for entry in found:
        if not isinstance(entry, Outcome):
            rivals[_target(*entry, output, options)].add(_name_of(entry[0]))
    jobs: dict[str, ObjectJob | Outcome] = {}
    for entry in found:
        if isinstance(entry, Outcome):
            jobs[entry.input] = entry
            continue
        source, below = entry
        target = _target(source, below, output, options)
        if len(rivals[target]) > 1:
            target = _target(source, below, output, options, whole=True)
        if target == source and not options.overwrite:
            raise UnwritableTarget(f"{source} would be overwritten by its result; add --overwrite to allow that.")
        known = jobs.setdefault(target, ObjectJob(source, target))
        if isinstance(known, ObjectJob) and known.source != source:
            raise UnwritableTarget(f"{known.source} and {source} would both become {target}; rename one of them.")
    return list(jobs.values())


def restore_object(job: ObjectJob, restorer: Restorer, options: PhotoOptions) -> Outcome:
    """Read, restore and write one photograph; whatever goes wrong with it is in the outcome."""
    return outcome_of(job.source, restorer, lambda: _done(job, restorer, options))


def _done(job: ObjectJob, restorer: Restorer, options: PhotoOptions) -> Outcome:
    with _reached(job.target) as (store, place):
        exists = _exists(store, place)
    if exists and options.skip_existing:
        return skipped(job.source, job.target, restorer)
    if exists and not options.overwrite:
        raise target_taken(job.target)
    suffix = PurePosixPath(_path_of(job.target)).suffix.removeprefix(".")
    sharp = BytesIO()
    outcome = restore_stream(
        NamedBytes(_contents(job.source), job.source),
        sharp,
        restorer,
        dataclasses.replace(options, format=suffix),
        max_pixels=pixels_allowed(options.restore.memory_limit),
    )
    with _reached(job.target) as (store, place):
        _put(store, place, sharp.getvalue(), options.overwrite)
    return dataclasses.replace(outcome, input=job.source, output=job.target)


def _expand(
    given: str, output: str | None, options: PhotoOptions
) -> Iterator[tuple[str, PurePosixPath] | Outcome]:
    """The photographs that an address stands for, each with its path below the folder that was given."""
    with _reached(given) as (store, root):
        from pyarrow.fs import FileSelector, FileType

        kind = store.get_file_info(root).type
        selector = FileSelector(root, recursive=options.recursive)
        entries = store.get_file_info(selector) if kind == FileType.Directory else []
    if kind == FileType.File:
        yield given, PurePosixPath(PurePosixPath(root).name)
        return
    if kind == FileType.NotFound:
        yield Outcome(given, None, "failed", f"{given} does not exist; check the name.")
        return
    below = [PurePosixPath(entry.path).relative_to(root) for entry in entries if entry.type == FileType.File]
    known = {*filter(is_picture, below), *(path.with_suffix("") for path in below)}
    place = _place_below(output, given) if output else None
    found = [
        path
        for path in sorted(below)
        if is_picture(path.name)
        and not is_hidden(path)
        and not _is_result(path, known, options.suffix)
        and not (place and path.is_relative_to(place))
    ]
    if not found:
        yield Outcome(given, None, "failed", f"{given} holds no pictures.")
    for path in found:
        yield _joined(given, str(path)), path


def _is_result(path: PurePosixPath, known: set[PurePosixPath], suffix: str) -> bool:
    original = stem_before(path.stem, suffix)
    return original is not None and path.with_name(original) in known


def _target(
    source: str, below: PurePosixPath, output: str | None, options: PhotoOptions, *, whole: bool = False
) -> str:
    name = result_name(PurePosixPath(_name_of(source)), options, whole=whole)
    return _joined(output, str(below.with_name(name))) if output else _renamed(source, name)


def _place_below(address: str, folder: str) -> PurePosixPath | None:
    if urlsplit(address)[:2] != urlsplit(folder)[:2]:
        return None
    return place_below(*(PurePosixPath(_path_of(place)) for place in (address, folder)))


@contextmanager
def _reached(address: str) -> Iterator[tuple[FileSystem, str]]:
    """The store of an address and the path in it; what goes wrong in the block is said of the address."""
    require("batch", "An object store")
    import pyarrow
    from pyarrow.fs import FileSystem

    try:
        yield FileSystem.from_uri(address)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DeblurganError(f"{address} cannot be reached: {str(error).rstrip('.')}.") from error


def _exists(store: FileSystem, path: str) -> bool:
    from pyarrow.fs import FileType

    found: Any = store.get_file_info(path).type
    return bool(found != FileType.NotFound)


def _contents(address: str) -> bytes:
    with _reached(address) as (store, path), store.open_input_stream(path) as stream:
        contents: bytes = stream.read()
    return contents


def _put(store: FileSystem, path: str, contents: bytes, overwrite: bool) -> None:
    from pyarrow.fs import LocalFileSystem

    if isinstance(store, LocalFileSystem):
        write_whole(path, contents, overwrite=overwrite)
        return
    # A store shows an object once it is complete.
    with store.open_output_stream(path) as stream:
        stream.write(contents)


def _name_of(address: str) -> str:
    return PurePosixPath(_path_of(address)).name


def _path_of(address: str) -> str:
    return unquote(urlsplit(address).path)


def _joined(address: str, below: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{quote(below)}"))


def _renamed(address: str, name: str) -> str:
    parts = urlsplit(address)
    return urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{quote(name)}"))
