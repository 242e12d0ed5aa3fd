"""Put a file, or files that belong together, at its place whole or not at all."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from deblurgan.errors import TargetTaken, UnwritableTarget

# The last is what Windows says of names that no file can have, such as patterns.
_NOTHING_THERE = {errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP, errno.EINVAL}


def exists(path: Path) -> bool:
    """Say whether there is something at a path; from Python 3.14 on, `Path.exists` denies what it may not see.

    Raises:
        OSError: the system refuses to look, as at too long a name or into a closed folder.
    """
    try:
        path.stat()
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return False
        raise
    return True


def is_taken(target: Path) -> bool:
    """Say whether there is something at a target already.

    Raises:
        UnwritableTarget: the system refuses to look, as at too long a name.
    """
    with _refusals_of(target):
        return exists(target)


@contextmanager
def whole_file(target: Path | str, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty temporary file beside `target`; it takes the target's place when the block ends well.

    The temporary file keeps the target's suffix, so that writers which guess a format from it guess right.
    Missing folders are made. When the block raises, the temporary file goes and the target stays as it was.

    Raises:
        UnwritableTarget: the target exists (and `overwrite` is false), is a folder, or the system refuses it;
            an OSError inside the block counts as such a refusal.
    """
    with _place_for(target, overwrite) as place:
        part = _part_of(place)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield part
            with part.open("r+b") as stream:
                os.fsync(stream.fileno())
            _settle(part, place, target, overwrite)
        finally:
            part.unlink(missing_ok=True)


def write_whole(target: Path | str, contents: bytes, *, overwrite: bool = False) -> None:
    """Write a file whose contents are at hand; on Linux nothing is left behind even if the program is killed.

    Raises:
        UnwritableTarget: as `whole_file`.
    """
    with _place_for(target, overwrite) as place:
        try:
            stream = _nameless(place.parent)
        except (AttributeError, OSError):
            # Another system, or a file system that knows no files without a name.
            with whole_file(target, overwrite=overwrite) as part:
                part.write_bytes(contents)
            return
        with stream:
            stream.write(contents)
            stream.flush()
            os.fsync(stream.fileno())
            try:
                _name(stream, place)
            except FileExistsError as error:
                if not overwrite:
                    raise _taken(target) from error
                part = _part_of(place)
                _name(stream, part)
                _settle(part, place, target, overwrite)


@contextmanager
def whole_folder(target: Path, *, last: str) -> Iterator[Path]:
    """Yield an empty temporary folder; its files take their places in `target` when the block ends well.

    A target that is not there yet appears whole. One that exists keeps its other files, and those of the same
    names are replaced, `last` after all others: the one that says what the others are. When the block raises, the
    target stays as it was.

    Raises:
        UnwritableTarget: the target is a file, or the system refuses it; an OSError inside the block counts as
            such a refusal.
    """
    with _refusals_of(target):
        place = Path(os.path.realpath(target))
        if place.exists() and not place.is_dir():
            raise UnwritableTarget(f"{target} is a file; name a folder to write.")
        # The folder around one that exists may be another disk, or closed to us.
        part = _part_of(place / last if place.exists() else place)
        part.mkdir(parents=True)
        try:
            yield part
            if place.exists():
                for file in sorted(part.iterdir(), key=lambda file: file.name == last):
                    _settle(file, place / file.name, target, overwrite=True)
            else:
                part.rename(place)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _place_for(target: Path | str, overwrite: bool) -> Iterator[Path]:
    """The path to write for `target`, its folder made; an OSError in the block becomes UnwritableTarget."""
    with _refusals_of(target):
        # A link stays a link: the file it points to is the one to replace.
        place = Path(os.path.realpath(target))
        if place.is_dir():
            raise UnwritableTarget(f"{target} is a folder; name a file to write.")
        if exists(place) and not overwrite:
            raise _taken(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        yield place


@contextmanager
def _refusals_of(target: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise UnwritableTarget(f"{target} cannot be written ({why}); choose another place or name.") from error


def _part_of(place: Path) -> Path:
    return place.with_name(f".{secrets.token_hex(8)}.part{place.suffix}")


def _nameless(folder: Path) -> BinaryIO:
    """An open file in a folder that has no name there yet, and so is gone if nobody gives it one."""
    return os.fdopen(os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o666), "wb")


def _name(stream: BinaryIO, path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # With a folder given, the system follows the link that stands for the open file.
        os.link(f"/proc/self/fd/{stream.fileno()}", path.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _settle(part: Path, place: Path, target: Path | str, overwrite: bool) -> None:
    """Move a finished file to its place."""
    if overwrite:
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(place, part)
        part.replace(place)
    else:
        _claim(part, place, target)


def _claim(part: Path, place: Path, target: Path | str) -> None:
    """Move `part` to `place` unless something came to be there meanwhile: two writers cannot both win."""
    try:
        os.link(part, place)
    except FileExistsError as error:
        raise _taken(target) from error
    except OSError:
        # Some file systems know no hard links: there the name is claimed first, empty for a moment.
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError as error:
            raise _taken(target) from error
        part.replace(place)


def _taken(target: Path | str) -> TargetTaken:
    return TargetTaken(f"{target} exists already; choose another name or allow overwriting.")
