"""What a request may cost: bytes, pixels, places in the queue, time."""

from __future__ import annotations

from dataclasses import dataclass

from deblurgan import memory
from deblurgan.errors import DeblurganError

WORKERS = 2
"""Files in work at once: one that takes long must not hold up all others. More would not be faster, since the
engine uses every processor already; it serves the tiles of both in turn."""


@dataclass(frozen=True)
class Limits:
    """The limits of a server; each is checked before what it guards is spent.

    Attributes:
        upload_bytes: most a picture for an answer at once may have, as a file.
        job_bytes: most the file of a job may have.
        pixels: most a picture may have, by its header.
        queue: requests that may wait, those whose upload still runs included.
        seconds: from the end of the upload to the answer of one picture.
        job_seconds: that a job may be in work.
        keep_seconds: that a finished job waits to be fetched.
        kept_jobs: finished jobs that may wait to be fetched.
        grace_seconds: that finished jobs still wait once the server was told to stop.
        memory: bytes the restoring of one picture may bring the program to, about; see `deblurgan.memory`.
        field_bytes, fields: most that an option may have, and how many there may be.
        upload_patience, upload_rate: an upload must have brought `upload_rate` bytes a second, less the first
            `upload_patience` seconds.
        head_seconds: that the head of a request may take.
        connections: open at once.
    """

    upload_bytes: int = 64_000_000
    job_bytes: int = 2_000_000_000
    pixels: int = 100_000_000
    queue: int = 128
    seconds: float = 120
    job_seconds: float = 3600
    keep_seconds: float = 900
    kept_jobs: int = 64
    grace_seconds: float = 20
    memory: int = 1_400_000_000
    field_bytes: int = 4096
    fields: int = 16
    upload_patience: float = 20
    upload_rate: float = 50_000
    head_seconds: float = 10
    connections: int = 512

    @property
    def picture_bytes(self) -> int:
        """Most that the file of a picture may have: it is in memory as a whole, beside its pixels."""
        return min(self.job_bytes, self.memory // 4)


def memory_per_picture(total: int | None) -> int:
    """Bytes for each of the pictures in work at once.

    Args:
        total: what the program may take; None for what `deblurgan run` would take, times the workers, or three
            quarters of what is free if that is less.

    Raises:
        DeblurganError: it is too little for any picture.
    """
    least = f"{WORKERS * memory.LEAST_LIMIT // 10**6}M"
    if total is None:
        free = memory.available()
        share = min(memory.default_limit(), int(0.75 * free / WORKERS))
        if share <= memory.LEAST_LIMIT:
            raise DeblurganError(
                f"Only {free // 10**6} MB of memory are free, too little to work on {WORKERS} files at once; free "
                f"some, allow the container more, or say with --memory what to take, more than {least}."
            )
        return share
    if total // WORKERS <= memory.LEAST_LIMIT:
        raise DeblurganError(f"The server works on {WORKERS} files at once, so give --memory more than {least}.")
    return total // WORKERS
