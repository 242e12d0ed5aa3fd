"""From a folder of numbered frames to a folder of sharp ones under the same names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from deblurgan.clip import numbered_pictures
from deblurgan.errors import PairError
from deblurgan.formats import result_suffix
from deblurgan.image import Image, read, write
from deblurgan.jobs import Job, PhotoOptions, target_taken
from deblurgan.lookahead import ahead
from deblurgan.outcome import Outcome
from deblurgan.photo import outcome_of
from deblurgan.restore import Restorer
from deblurgan.video.journey import Progress, silent
from deblurgan.video.restoration import FrameOptions, Tally, pixels_of, restored_frames, steadied_frames
from deblurgan.whole import is_taken


def restore_numbered(
    job: Job,
    restorer: Restorer,
    options: PhotoOptions,
    progress: Progress = silent,
    *,
    only_blurred: bool = False,
    steady: bool = False,
) -> Outcome:
    """Restore a folder of numbered frames; whatever goes wrong is in the outcome, and finished frames stay.

    With `options.skip_existing` frames that are there already are left, so that a stopped run goes on.

    Args:
        job: which folder becomes which.
        restorer: of the frames.
        options: as for photos; the guard judges as in videos.
        progress: shows it.
        only_blurred: frames that are sharp already are copied as they are.
        steady: restored frames are merged with those before and after them that are restored now, too.
    """

    def work() -> Outcome:
        started = time.perf_counter()
        tally, size = _restore(job, restorer, options, progress, only_blurred, steady)
        passed = f"{tally.passed} of {tally.frames} frames were sharp and passed through" if tally.passed else ""
        return Outcome(
            str(job.source),
            str(job.target),
            "done" if tally.frames else "skipped",
            passed if tally.frames else "the results exist already",
            width=size[1],
            height=size[0],
            model=restorer.manifest.name,
            engine=restorer.engine.name,
            tiles=tally.tiles,
            seconds=round(time.perf_counter() - started, 3),
        )

    return outcome_of(str(job.source), restorer, work)


def _restore(
    job: Job, restorer: Restorer, options: PhotoOptions, progress: Progress, only_blurred: bool, steady: bool
) -> tuple[Tally, tuple[int, int]]:
    sources = numbered_pictures(job.source)
    if not sources:
        raise PairError(f"{job.source} holds no pictures; give a folder of numbered frames.")
    targets = {
        source: job.target / source.with_suffix(result_suffix(source, options.format)).name for source in sources
    }
    there = [source for source in sources if is_taken(targets[source]) and not options.overwrite]
    if there and not options.skip_existing:
        raise target_taken(targets[there[0]])
    missing = [source for source in sources if source not in set(there)]
    tally, size = Tally(), (0, 0)
    wanted = FrameOptions(options.restore, only_blurred)
    with closing(ahead(restored_frames(_pixels(missing), restorer, wanted))) as made:
        shown = progress(made, total=len(sources), initial=len(there))
        watched = tally.watched(shown, Tally(), restorer.manifest.name, str(job.source))
        with closing(steadied_frames(watched) if steady else watched) as finished:
            for restored in finished:
                path, image = restored.frame
                result = image if restored.picture is None else image.with_pixels(pixels_of(restored.picture))
                size = (image.height, image.width)
                write(
                    result,
                    targets[path],
                    quality=options.quality,
                    metadata=options.metadata,
                    overwrite=options.overwrite,
                )
    return tally, size


def _pixels(sources: list[Path]) -> Iterator[tuple[tuple[Path, Image], NDArray[Any]]]:
    size: tuple[int, ...] | None = None
    for path in sources:
        image = read(path, as_stored=True)
        size = size or image.pixels.shape
        if image.pixels.shape != size:
            raise PairError(
                f"{path} is {image.width}x{image.height}, the frames before it {size[1]}x{size[0]}; "
                "give frames of one size."
            )
        yield (path, image), image.pixels
