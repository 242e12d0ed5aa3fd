"""From a video on disk to a sharp one: decode, restore and encode at the same time, then join."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from deblurgan import __version__
from deblurgan.engines.threads import allowed_threads
from deblurgan.errors import DeblurganError, TargetTaken, UnreadableVideo
from deblurgan.jobs import Job, target_taken
from deblurgan.lookahead import ahead
from deblurgan.outcome import Outcome
from deblurgan.photo import outcome_of, skipped
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.video import colour
from deblurgan.video.encoding import Coding, choose_coding, container_of
from deblurgan.video.footage import Footage, advised, frames, spoken, survey
from deblurgan.video.joining import Part, join
from deblurgan.video.restoration import (
    JUDGE_EVERY,
    FrameOptions,
    RestoredFrame,
    Tally,
    keeps_ycbcr,
    restored_frames,
    steadied_frames,
)
from deblurgan.video.segments import Segment, WorkFolder, encode_segment
from deblurgan.whole import is_taken, whole_file

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

Item = TypeVar("Item")


class Progress(Protocol):
    """Shows how far a video is; `tqdm` is one."""

    def __call__(self, items: Iterable[Item], *, total: int, initial: int) -> Iterable[Item]:
        """Pass items on, of which there will be about `total`, the first `initial` done before."""
        ...


@dataclass(frozen=True)
class VideoOptions:
    """What happens to each video.

    Attributes:
        restore: strength, tiles and guard; the guard judges, but mixes nothing (see `FrameOptions`).
        codec: key of `deblurgan.video.encoding.ENCODERS`; None for the source's.
        crf: quality of the result, in the codec's scale; None for one hardly to be told from lossless.
        start: seconds from the first frame; what is before is left out.
        stop: likewise what is from there on; None for no end.
        only_blurred: frames that are sharp already go through as they are.
        steady: restored frames are merged with their neighbours, within a segment.
        metadata: 'keep' or 'strip', chapters included; the tracks' languages stay.
        overwrite: an existing result is replaced.
        skip_existing: an existing result is left and reported as skipped.
        segment: frames that are encoded at a time; a stopped run goes on after the last whole segment.
        threads: of the processor, for encoding; None for as many as the process may use.
    """

    restore: RestoreOptions = field(default_factory=RestoreOptions)
    codec: str | None = None
    crf: int | None = None
    start: Fraction = Fraction(0)
    stop: Fraction | None = None
    only_blurred: bool = False
    steady: bool = False
    metadata: Literal["keep", "strip"] = "keep"
    overwrite: bool = False
    skip_existing: bool = False
    segment: int = JUDGE_EVERY
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.start < 0 or (self.stop is not None and self.stop <= self.start):
            raise DeblurganError("--from must come before --to, and neither may be negative.")
        if self.segment < 1:
            raise DeblurganError(f"A segment of {self.segment} frames holds nothing; give 1 or more.")


def silent(items: Iterable[Item], *, total: int, initial: int) -> Iterable[Item]:
    """Show no progress."""
    return items


def restore_videos(
    jobs: Iterable[Job], restorer: Restorer, options: VideoOptions, progress: Progress = silent
) -> Iterator[Outcome]:
    """Restore one video after another; a failure is an outcome and never stops the rest."""
    for job in jobs:
        yield restore_video(job, restorer, options, progress)


def restore_video(job: Job, restorer: Restorer, options: VideoOptions, progress: Progress = silent) -> Outcome:
    """Restore one video as `restore_clip` does; whatever goes wrong with it is in the outcome."""

    def work() -> Outcome:
        try:
            return restore_clip(job, restorer, options, progress)
        except TargetTaken:
            # There from the start, or made by another program while this one was at work.
            if not options.skip_existing:
                raise
            return skipped(str(job.source), str(job.target), restorer)

    return outcome_of(str(job.source), restorer, work)


@dataclass(frozen=True)
class _Plan:
    """What is to be done with one video: which frames, and how they are encoded."""

    footage: Footage
    coding: Coding
    first: int
    stop: int | None

    @property
    def frames(self) -> int:
        """How many there are, about."""
        return sum(
            self.first <= stamp and (self.stop is None or stamp < self.stop) for stamp in self.footage.times
        )


def restore_clip(job: Job, restorer: Restorer, options: VideoOptions, progress: Progress = silent) -> Outcome:
    """Restore one video.

    A run that is stopped leaves its whole segments in a hidden folder beside the target, and the same call goes
    on from there. The target appears whole or not at all.

    Args:
        job: which video becomes which.
        restorer: of the frames.
        options: how.
        progress: shows it.

    Raises:
        DeblurganError: the video cannot be read, or the result not be written.
        MemoryError: not even the smallest tile of a frame fits.
    """
    started = time.perf_counter()
    container = container_of(job.target)
    if is_taken(job.target) and not options.overwrite:
        raise target_taken(job.target)
    plan = _plan(job.source, container, options, restorer.manifest.scale)
    work = WorkFolder(job.target, _facts(plan, restorer, options))
    with work.held():
        segments = _within(work, plan.stop)
        before, tally = Tally.of(segments), Tally.of(segments)
        with work.of_use(), closing(_restored(plan, segments, restorer, options)) as made:
            shown = progress(made, total=plan.frames, initial=before.frames)
            _encode(shown, work, segments, plan, tally, restorer.manifest.name, options)
            if not segments:
                raise UnreadableVideo(f"{job.source} shows no frames between --from and --to; choose other times.")
        with whole_file(job.target, overwrite=options.overwrite) as file:
            left_out = join(
                file,
                job.target,
                container,
                plan.footage,
                work,
                segments,
                _part(segments, plan, options),
                metadata=options.metadata == "keep",
            )
        work.empty()
    seconds = time.perf_counter() - started
    return Outcome(
        str(job.source),
        str(job.target),
        "done",
        "; ".join(_remarks(plan, options, left_out, before, tally, seconds)),
        width=plan.footage.width,
        height=plan.footage.height,
        model=restorer.manifest.name,
        engine=restorer.engine.name,
        tiles=tally.tiles,
        seconds=round(seconds, 3),
    )


def _plan(source: Path, container: str, options: VideoOptions, scale: int) -> _Plan:
    footage = survey(source)
    there = footage.whole_until
    if there is not None and (options.stop is None or options.stop > there):
        whole = f" of {spoken(footage.declared)}" if footage.declared and footage.declared > there else ""
        raise UnreadableVideo(f"{source} is cut off at {spoken(there)}{whole} s; {advised(there)}")
    return _Plan(
        footage,
        choose_coding(footage, container, codec=options.codec, crf=options.crf, scale=scale),
        footage.ticks(options.start),
        None if options.stop is None else footage.ticks(options.stop),
    )


def _restored(
    plan: _Plan, segments: list[Segment], restorer: Restorer, options: VideoOptions
) -> Generator[RestoredFrame[VideoFrame]]:
    """Frames that no segment holds, decoded and restored in threads of their own."""
    first = max(segments[-1].stamps) + 1 if segments else plan.first
    wanted = FrameOptions(options.restore, options.only_blurred, options.segment)
    size = plan.footage.height, plan.footage.width
    keeps = keeps_ycbcr(plan.coding.pixel_format, size, restorer, wanted, steady=options.steady)
    decoder = colour.Decoder(keeps_ycbcr=keeps)
    decoded = ((frame, decoder(frame)) for frame in frames(plan.footage, first, plan.stop))
    return ahead(restored_frames(decoded, restorer, wanted))


def _encode(
    restored: Iterable[RestoredFrame[VideoFrame]],
    work: WorkFolder,
    segments: list[Segment],
    plan: _Plan,
    tally: Tally,
    model: str,
    options: VideoOptions,
) -> None:
    """Add frames to the segments, and to the tally, as long as there are any."""
    coming, encoder = iter(restored), colour.Encoder()
    while (head := next(coming, None)) is not None:
        counted = Tally()
        group = chain([head], islice(coming, options.segment - 1))
        watched = tally.watched(group, counted, model, str(plan.footage.path))
        number = len(segments)
        threads = options.threads or allowed_threads()
        with closing(steadied_frames(watched) if options.steady else watched) as steady:
            finished = (
                made.frame if made.picture is None else encoder(made.picture, made.frame, plan.coding.pixel_format)
                for made in steady
            )
            stamps, last = encode_segment(finished, work.film(number), plan.coding, plan.footage, threads)
        segments.append(Segment(stamps, last, counted.passed, counted.judged, counted.broken))
        work.keep(number, segments[-1])


def _within(work: WorkFolder, stop: int | None) -> list[Segment]:
    """Segments that are there already and end before `stop`."""
    segments = work.prepare()
    while segments and stop is not None and max(segments[-1].stamps) >= stop:
        segments.pop()
    work.drop(len(segments))
    return segments


def _facts(plan: _Plan, restorer: Restorer, options: VideoOptions) -> dict[str, Any]:
    """Whatever changes a segment, as JSON holds it."""
    source, coding, restore = plan.footage.path, plan.coding, options.restore
    state = source.stat()
    return {
        "version": __version__,
        "source": [str(source.resolve()), state.st_size, state.st_mtime_ns],
        "model": repr(restorer.manifest),
        "engine": [restorer.engine.name, restorer.precision],
        "restore": [restore.strength, restore.tile, restore.preset, restore.self_ensemble, restore.multi_scale],
        "coding": [coding.codec, coding.pixel_format, coding.crf],
        "first": plan.first,
        "only_blurred": options.only_blurred,
        "steady": options.steady,
        "segment": options.segment,
    }


def _part(segments: list[Segment], plan: _Plan, options: VideoOptions) -> Part:
    footage = plan.footage
    shift = min(segments[0].stamps) * footage.time_base if options.start else Fraction(0)
    usual = round(1 / (footage.rate or 25) / footage.time_base)
    end = footage.end or max(segments[-1].stamps) + (segments[-1].last or usual)
    if plan.stop is None:
        return Part(end, None, shift)
    return Part(min(end, plan.stop), plan.stop * footage.time_base, shift)


def _remarks(
    plan: _Plan, options: VideoOptions, left_out: list[str], before: Tally, tally: Tally, seconds: float
) -> Iterator[str]:
    if options.codec is None and plan.coding.codec != plan.footage.codec:
        yield f"the film was {plan.footage.codec} and is {plan.coding.codec} now"
    if before.frames:
        yield f"went on after {before.frames} frames of an earlier run"
    if tally.passed:
        passed = tally.passed - before.passed
        restored = tally.frames - before.frames - passed
        saved = f", which saved about {passed * seconds / restored:.0f} s" if restored else ""
        yield f"{tally.passed} of {tally.frames} frames were sharp and passed through{saved}"
    if plan.footage.is_hlg:
        yield "it is HDR (HLG), which the models were not trained on"
    if left_out:
        yield f"left out what the container cannot hold: {', '.join(left_out)}"
