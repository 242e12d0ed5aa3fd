"""A photograph that is read while the model loads: neither waits for the other."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path

from deblurgan.coded import refuse_too_large
from deblurgan.image import Image, read


class EarlyReading:
    """Reads a photograph in a thread of its own, which the end of the program does not wait for.

    Args:
        source: path of the photograph.
        max_pixels: it may have.
    """

    def __init__(self, source: Path, max_pixels: int) -> None:
        self._source = source
        self._coming: Future[Image] | None = Future()
        threading.Thread(target=self._read, args=(self._coming, max_pixels), daemon=True).start()

    def take(self, max_pixels: int) -> Image:
        """The photograph as it is stored, once it is read; the next who asks has it read again.

        Raises:
            DeblurganError: it cannot be read.
            TooLarge: it has more than `max_pixels` pixels; then it is kept for who allows more.
        """
        if self._coming is None:
            return read(self._source, max_pixels=max_pixels, as_stored=True)
        photo = self._coming.result()
        refuse_too_large(str(self._source), photo.width, photo.height, max_pixels)
        # Held no longer than whoever took it does.
        self._coming = None
        return photo

    def _read(self, coming: Future[Image], max_pixels: int) -> None:
        try:
            coming.set_result(read(self._source, max_pixels=max_pixels, as_stored=True))
        except BaseException as error:
            coming.set_exception(error)
