"""What the package remarks about a file while it is worked on."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

_LOGGER = logging.getLogger("deblurgan")


class _Listener(logging.Handler):
    """Keeps the warnings of the thread that made it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.heard.append(record.getMessage())


@contextlib.contextmanager
def remarks() -> Iterator[list[str]]:
    """A list that gets every warning that this thread logs until the block ends."""
    listener = _Listener()
    _LOGGER.addHandler(listener)
    try:
        yield listener.heard
    finally:
        _LOGGER.removeHandler(listener)
