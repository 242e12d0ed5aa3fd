"""Many photographs: two are worked on at a time, where memory allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import suppress

from deblurgan import memory
from deblurgan.errors import TooLarge
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.lookahead import overlapped
from deblurgan.outcome import Outcome
from deblurgan.photo import restore_photo
from deblurgan.restore import Restorer
from deblurgan.room import Room

_AT_ONCE = 2


def restore_photos(jobs: Iterable[Job | Outcome], restorer: Restorer, options: PhotoOptions) -> Iterator[Outcome]:
    """Restore photographs, two at a time if both are small; a failure is an outcome and never stops the rest.

    Args:
        jobs: as `jobs.plan` gives them; an outcome among them is passed on.
        restorer: with the model.
        options: for all of them.

    Yields:
        the outcomes in the order of the jobs.
    """
    room = Room()
    share = memory.share_for_two(options.restore.memory_limit or memory.default_limit())
    together = dataclasses.replace(options, restore=dataclasses.replace(options.restore, memory_limit=share.limit))

    def restore(job: Job | Outcome) -> Outcome:
        if isinstance(job, Outcome):
            return job
        if share.most_pixels:
            with room.shared(), suppress(TooLarge):
                return restore_photo(job, restorer, together, max_pixels=share.most_pixels)
        with room.alone():
            return restore_photo(job, restorer, options)

    # Stopped in the middle, what runs is finished and what has not begun never will be.
    yield from overlapped(restore, jobs, in_flight=_AT_ONCE)
