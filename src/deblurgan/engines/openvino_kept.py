"""Compiled networks kept on disk: to read one takes less than half of the time of compiling it again."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deblurgan import ycbcr
from deblurgan.engines.processor import processor
from deblurgan.errors import DeblurganError
from deblurgan.whole import whole_file

# A network for 1280x720 takes 21 MB. Of photographs of many sizes, those of the first few are kept.
_MOST_BYTES, _MOST_NEW = 200_000_000, 3
_SUFFIX = ".compiled"
_DIGEST_BYTES = hashlib.sha256().digest_size


class KeptNetworks:
    """Compiled networks in a folder; the files used longest ago go where they take too much room.

    Args:
        core: an OpenVINO `Core`.
        folder: is made when there is something to keep.
        circumstances: whatever a compiled network depends on beside the processor, the code of the engines, and
            what it is asked for by.
    """

    def __init__(self, core: Any, folder: Path, *circumstances: str) -> None:
        self._core = core
        self._folder = folder
        self._circumstances = (processor(), _code(), *circumstances)
        self._left = _MOST_NEW

    def find(self, key: str, device: str, settings: Mapping[str, Any]) -> Any | None:
        """The compiled network of a key; None if it was not kept or is damaged."""
        path = self._path(key, settings)
        with contextlib.suppress(OSError, RuntimeError):
            with path.open("rb") as stream:
                digest, compiled = stream.read(_DIGEST_BYTES), stream.read()
            # What is damaged could end the process.
            if hashlib.sha256(compiled).digest() == digest:
                network = self._core.import_model(compiled, device, dict(settings))
                path.touch()
                return network
        return None

    def keep(self, key: str, settings: Mapping[str, Any], network: Any) -> None:
        """Write a compiled network to its file; where that cannot be done it will be compiled again."""
        if self._left == 0:
            return
        self._left -= 1
        with contextlib.suppress(OSError, DeblurganError):
            compiled = network.export_model().getbuffer()
            with whole_file(self._path(key, settings), overwrite=True) as part, part.open("wb") as stream:
                stream.write(hashlib.sha256(compiled).digest())
                stream.write(compiled)
            self._make_room()

    def _path(self, key: str, settings: Mapping[str, Any]) -> Path:
        asked = repr((self._circumstances, key, sorted(settings.items())))
        return self._folder / (hashlib.sha256(asked.encode()).hexdigest()[:32] + _SUFFIX)

    def _make_room(self) -> None:
        files = [(path.stat(), path) for path in self._folder.glob(f"*{_SUFFIX}")]
        total = 0
        for facts, path in sorted(files, key=lambda file: file[0].st_mtime, reverse=True):
            total += facts.st_size
            if total > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _code() -> str:
    """Of what decides on the form in which a network is compiled."""
    files = (*sorted(Path(__file__).parent.glob("*.py")), Path(ycbcr.__file__))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
