"""Many photographs: one is read or written while the network works on another, where memory allows."""

from __future__ import annotations

import dataclasses
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

from deblurgan import memory
from deblurgan.errors import TooLarge
from deblurgan.photo import Job, Outcome, PhotoOptions, restore_photo
from deblurgan.restore import Restorer

_AT_ONCE = 2


def restore_photos(jobs: Iterable[Job | Outcome], restorer: Restorer, options: PhotoOptions) -> Iterator[Outcome]:
    """Restore photographs, two at a time if both are small; a failure is an outcome and never stops the rest.

    Args:
        jobs: as `photo.plan` gives them; an outcome among them is passed on.
        restorer: with the model.
        options: for all of them.

    Yields:
        the outcomes in the order of the jobs.
    """
    room = _Room()
    share = memory.share_for_two(options.restore.memory_limit or memory.default_limit())
    together = dataclasses.replace(options, restore=dataclasses.replace(options.restore, memory_limit=share.limit))

    def restore(job: Job) -> Outcome:
        if share.most_pixels:
            with room.shared(), suppress(TooLarge):
                return restore_photo(job, restorer, together, small=share.most_pixels)
        with room.alone():
            return restore_photo(job, restorer, options)

    waiting: deque[Future[Outcome] | Outcome] = deque()
    with ThreadPoolExecutor(_AT_ONCE, "photo") as pool:
        try:
            for job in jobs:
                waiting.append(job if isinstance(job, Outcome) else pool.submit(restore, job))
                if len(waiting) > _AT_ONCE:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            # Stopped in the middle: what runs is finished, what has not begun never will be.
            pool.shutdown(cancel_futures=True)


def _result(entry: Future[Outcome] | Outcome) -> Outcome:
    return entry if isinstance(entry, Outcome) else entry.result()


class _Room:
    """Where several may be at once, or one alone."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._inside = 0
        self._is_taken = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait until nobody is alone inside."""
        with self._change:
            self._change.wait_for(lambda: not self._is_taken)
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else is inside."""
        with self._change:
            self._change.wait_for(lambda: not self._is_taken and not self._inside)
            self._is_taken = True
        try:
            yield
        finally:
            with self._change:
                self._is_taken = False
                self._change.notify_all()
