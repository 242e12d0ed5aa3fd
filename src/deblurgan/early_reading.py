"""A photograph that is read while the model loads: neither waits for the other."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from deblurgan.coded import refuse_too_large
from deblurgan.image import Image, read


class EarlyReading:
    """Reads a photograph in a thread of its own.

    Args:
        source: path of the photograph.
        max_pixels: it may have.
    """

    def __init__(self, source: Path, max_pixels: int) -> None:
        self._source = source
        pool = ThreadPoolExecutor(1, "reading")
        self._coming: Future[Image] | None = pool.submit(read, source, max_pixels=max_pixels, as_stored=True)
        pool.shutdown(wait=False)

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
