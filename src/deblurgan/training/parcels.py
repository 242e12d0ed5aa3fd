"""A file in parts of limited size, to carry a checkpoint where large files may not go."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from deblurgan.errors import TrainingFailed
from deblurgan.whole import whole_file

LARGEST = 15 * 2**20
"""Bytes of the largest part."""

_CONTENTS = "contents.json"


def split(file: Path, folder: Path, largest: int = LARGEST) -> list[Path]:
    """Write a file as parts into a folder, in place of the parts that were there.

    The list of contents comes last, so that a break leaves either the old file or a folder that `join` refuses.

    Args:
        file: to split.
        folder: made if missing.
        largest: bytes of a part at most.

    Returns:
        the parts in order.
    """
    data = file.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"{file.name}.{number:03d}" for number in range(-(-len(data) // largest))]
    for old in set(folder.glob(f"{file.name}.[0-9][0-9][0-9]")) - set(parts):
        old.unlink()
    for number, part in enumerate(parts):
        with whole_file(part, overwrite=True) as temporary:
            temporary.write_bytes(data[number * largest : (number + 1) * largest])
    contents = {"parts": [part.name for part in parts], "sha256": hashlib.sha256(data).hexdigest()}
    with whole_file(folder / _CONTENTS, overwrite=True) as temporary:
        temporary.write_text(json.dumps(contents, indent=2) + "\n", "utf-8")
    return parts


def join(folder: Path, target: Path) -> bool:
    """Put the parts in a folder together again.

    Args:
        folder: that `split` wrote.
        target: file to write; one that exists is replaced.

    Returns:
        whether there was anything in the folder.

    Raises:
        TrainingFailed: parts or their list are missing or altered.
    """
    if not (folder / _CONTENTS).exists():
        return False
    parts, expected = _listed(folder)
    missing = [name for name in parts if not (folder / name).is_file()]
    if missing:
        raise TrainingFailed(f"{folder} lacks {missing[0]}; copy all its parts or empty it.")
    data = b"".join((folder / name).read_bytes() for name in parts)
    if hashlib.sha256(data).hexdigest() != expected:
        raise TrainingFailed(f"The parts in {folder} are not of one file; copy them all again or empty it.")
    with whole_file(target, overwrite=True) as temporary:
        temporary.write_bytes(data)
    return True


def _listed(folder: Path) -> tuple[list[str], str]:
    """Names of the parts, and the SHA-256 of what they are together."""
    try:
        contents = json.loads((folder / _CONTENTS).read_text("utf-8"))
        return [str(name) for name in contents["parts"]], str(contents["sha256"])
    except (ValueError, LookupError, TypeError):
        raise TrainingFailed(f"{folder / _CONTENTS} is damaged; copy all that is in {folder} again.") from None
