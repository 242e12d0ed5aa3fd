"""Put a file at its place whole or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deblurgan.errors import UnwritableTarget


@contextmanager
def whole_file(target: Path | str, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty temporary file beside `target`; it takes the target's place when the block ends well.

    The temporary file keeps the target's suffix, so that writers which guess a format from it guess right.
    Missing folders are made. When the block raises, the temporary file goes and the target stays as it was.

    Raises:
        UnwritableTarget: the target exists (and `overwrite` is false), is a folder, or the system refuses it;
            an OSError inside the block counts as such a refusal.
    """
    try:
        # A link stays a link: the file it points to is the one to replace.
        place = Path(os.path.realpath(target))
        if place.is_dir():
            raise UnwritableTarget(f"{target} is a folder; name a file to write.")
        if place.exists() and not overwrite:
            raise _taken(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{secrets.token_hex(8)}.part{place.suffix}")
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            yield part
            with part.open("r+b") as stream:
                os.fsync(stream.fileno())
            if overwrite:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copymode(place, part)
                part.replace(place)
            else:
                _claim(part, place, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise UnwritableTarget(f"{target} cannot be written ({why}); choose another place.") from error


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


def _taken(target: Path | str) -> UnwritableTarget:
    return UnwritableTarget(f"{target} exists already; choose another name or allow overwriting.")
