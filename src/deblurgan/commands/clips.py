"""What `deblurgan run` does with moving pictures: its options for them, and which journey each input takes."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, fields
from fractions import Fraction
from itertools import groupby
from os.path import isdir
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from deblurgan.batch import restore_photos
from deblurgan.commands.options import Size
from deblurgan.errors import UnwritableTarget
from deblurgan.formats import is_video
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.object_store import ObjectJob
from deblurgan.outcome import Outcome
from deblurgan.restore import Restorer
from deblurgan.video import VideoOptions, restore_videos
from deblurgan.video.encoding import ENCODERS
from deblurgan.video.journey import Progress
from deblurgan.video.numbered import restore_numbered
from deblurgan.video.pipe import NAME, restore_pipe


class _Time(click.ParamType):  # type: ignore[type-arg]
    """Seconds, or hours, minutes and seconds apart by colons, as a fraction of seconds."""

    name = "TIME"

    def convert(self, value: str | Fraction, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Parse it."""
        if isinstance(value, Fraction):
            return value
        if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d*)?", value):
            self.fail(f"{value!r} is no time such as 12.5 or 1:02:03.5", param, ctx)
        return sum(
            (Fraction(part or 0) * 60**place for place, part in enumerate(reversed(value.split(":")))), Fraction(0)
        )


@dataclass(frozen=True)
class ClipOptions:
    """The options of `video_options`, as they were given."""

    codec: str | None
    crf: int | None
    start: Fraction
    stop: Fraction | None
    only_blurred: bool
    steady: bool
    frames: bool
    size: tuple[int, int] | None
    pixel_format: str


_OPTIONS = (
    click.option(
        "--codec",
        type=click.Choice(list(ENCODERS)),
        help="Video: of the result; the source's if not given and if it can be written.",
    ),
    click.option(
        "--crf",
        type=click.IntRange(0, 63),
        help="Video: quality in the codec's scale, less is better; hardly to be told from lossless if not given.",
    ),
    click.option(
        "--from", "start", type=_Time(), default="0", help="Video: leave out what comes before this time."
    ),
    click.option("--to", "stop", type=_Time(), help="Video: leave out what comes from this time on."),
    click.option(
        "--only-blurred", is_flag=True, help="Video: let frames that are sharp already through as they are."
    ),
    click.option(
        "--steady",
        is_flag=True,
        help="Video: merge each frame with its neighbours where they show the same; steadier, and better.",
    ),
    click.option(
        "--frames",
        is_flag=True,
        help="Each folder holds the numbered frames of one clip; results keep their names.",
    ),
    click.option("--size", type=Size(), help="With - as input: raw frames of this size go in and come out."),
    click.option(
        "--pixel-format",
        default="rgb24",
        show_default=True,
        metavar="NAME",
        help="Of raw frames, by FFmpeg's name.",
    ),
)


# What inputs of each kind take that not all kinds do.
_OWN = {
    "photos": {"quality"},
    "videos": {"codec", "crf", "start", "stop", "only_blurred", "steady"},
    "frames": {"quality", "only_blurred", "steady"},
    "raw frames": {"size", "pixel_format", "only_blurred", "steady"},
}


def video_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options for moving pictures to a command, which gets them together as `clips`."""
    names = [field.name for field in fields(ClipOptions)]

    @functools.wraps(command)
    def with_clips(*arguments: Any, **options: Any) -> int:
        clips = ClipOptions(**{name: options.pop(name) for name in names})
        return command(*arguments, clips=clips, **options)

    decorated: Callable[..., int] = with_clips
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated


def plan_numbered(inputs: Sequence[str], output: str | None, options: PhotoOptions) -> list[Job | Outcome]:
    """Decide before any work which folder of numbered frames becomes which.

    Args:
        inputs: folders.
        output: None for folders beside them; else a folder, for one input the very one of its results.
        options: suffix of folders that have no other place.

    Raises:
        UnwritableTarget: two folders would become one, or one would be overwritten without leave.
    """
    jobs: list[Job | Outcome] = []
    for given in inputs:
        source = Path(given)
        if not isdir(given):
            jobs.append(Outcome(given, None, "failed", f"{given} is no folder; --frames takes folders of frames."))
            continue
        name = source.resolve().name
        beside = source.with_name(f"{name}{options.suffix}")
        target = beside if output is None else Path(output) if len(inputs) == 1 else Path(output) / name
        if target.resolve() == source.resolve() and not options.overwrite:
            raise UnwritableTarget(f"{source} would be overwritten by its result; add --overwrite to allow that.")
        if any(isinstance(job, Job) and job.target.resolve() == target.resolve() for job in jobs):
            raise UnwritableTarget(f"Two folders would become {target}; give them different names.")
        jobs.append(Job(source, target))
    return jobs


def warn_of_idle_options(kinds: Set[str]) -> None:
    """Name the options of the running command that do nothing for inputs of these kinds; see `kind_of`."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        takers = {kind for kind, own in _OWN.items() if name in own}
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and takers and kinds and not takers & kinds:
            served = " or ".join(sorted(takers))
            click.echo(f"deblurgan: {parameter.opts[0]} is for {served}; here it does nothing.", err=True)


def kind_of(job: Job | ObjectJob, clips: ClipOptions) -> str:
    """'photos', 'videos' or 'frames'; the fourth kind, 'raw frames', comes through a pipe."""
    return "frames" if clips.frames else "videos" if is_video(job.source) else "photos"


def restored_media(
    jobs: Iterable[Job | Outcome],
    restorer: Restorer,
    options: PhotoOptions,
    clips: ClipOptions,
    *,
    threads: int | None,
    quiet: bool,
) -> Iterator[Outcome]:
    """Send each photo, video and folder of frames on its journey, in their order."""
    progress = _progress(quiet)
    for kind, group in groupby(
        jobs, key=lambda job: "photos" if isinstance(job, Outcome) else kind_of(job, clips)
    ):
        if kind == "videos":
            yield from restore_videos(_jobs(group), restorer, _video_options(options, clips, threads), progress)
        elif kind == "frames":
            for job in _jobs(group):
                yield restore_numbered(
                    job, restorer, options, progress, only_blurred=clips.only_blurred, steady=clips.steady
                )
        else:
            yield from restore_photos(group, restorer, options)


def restored_raw(restorer: Restorer, options: PhotoOptions, clips: ClipOptions) -> Outcome:
    """Raw frames from standard input to standard output."""
    assert clips.size is not None
    restore_pipe(
        sys.stdin.buffer,
        sys.stdout.buffer,
        clips.size,
        clips.pixel_format,
        restorer,
        options.restore,
        only_blurred=clips.only_blurred,
        steady=clips.steady,
    )
    return Outcome(NAME, None, "done")


def _jobs(group: Iterable[Job | Outcome]) -> Iterator[Job]:
    return (job for job in group if isinstance(job, Job))


def _video_options(options: PhotoOptions, clips: ClipOptions, threads: int | None) -> VideoOptions:
    return VideoOptions(
        restore=options.restore,
        codec=clips.codec,
        crf=clips.crf,
        start=clips.start,
        stop=clips.stop,
        only_blurred=clips.only_blurred,
        steady=clips.steady,
        metadata=options.metadata,
        overwrite=options.overwrite,
        skip_existing=options.skip_existing,
        threads=threads,
    )


def _progress(quiet: bool) -> Progress:
    from tqdm import tqdm

    hidden = quiet or not sys.stderr.isatty()
    return functools.partial(tqdm, unit="frame", file=sys.stderr, disable=hidden, leave=False, smoothing=0.05)
