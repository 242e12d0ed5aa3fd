"""Who restores what: one table from a file's media type to the function that takes it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from deblurgan.errors import DeblurganError
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.outcome import Outcome
from deblurgan.photo import NamedBytes, restore_stream
from deblurgan.serve.line import Ticket
from deblurgan.serve.media import CLIPS, PICTURES, clip_result, picture_result
from deblurgan.serve.problems import Problem
from deblurgan.serve.watched import WatchedRestorer

T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """What is to be done with a file.

    Attributes:
        name: of the file as its client calls it; for messages and for what a suffix tells.
        options: how; their format is the suffix of the result.
        restorer: to use; it reports progress to the ticket, and stops when the ticket says so. For more than one
            picture tell it how many.
        ticket: to be asked now and then by work that the restorer does not do.
        pixels: most that a picture may have.
    """

    name: str
    options: PhotoOptions
    restorer: WatchedRestorer
    ticket: Ticket
    pixels: int


class ResultOf(Protocol):
    """Chooses the suffix and the media type of a result."""

    def __call__(self, media_type: str, *, asked: str | None, accept: str) -> tuple[str, str]:
        """From the file's media type, the suffix that the form asks for and the Accept header."""


@dataclass(frozen=True)
class Handler:
    """What can be done with files of a media type.

    Attributes:
        restore: reads the file from the first stream, writes the result to the second. Those of a job are files
            with a path in their `name`; others may have none.
        result_of: see `ResultOf`.
        at_once: it is quick enough for an answer at once; otherwise only jobs take it.
    """

    restore: Callable[[BinaryIO, BinaryIO, Task], Outcome]
    result_of: ResultOf
    at_once: bool = True


def restore_picture(source: BinaryIO, target: BinaryIO, task: Task) -> Outcome:
    """Restore one picture; see `deblurgan.photo.restore_stream`."""
    named = NamedBytes(source.read(), task.name)
    return restore_stream(named, target, task.restorer, task.options, max_pixels=task.pixels)


def restore_footage(source: BinaryIO, target: BinaryIO, task: Task) -> Outcome:
    """Restore one video; see `deblurgan.video.restore_clip`."""
    from deblurgan.video import VideoOptions, restore_clip

    upload, result = Path(source.name), Path(target.name)
    clip = result.with_name(f"clip.{task.options.format}")

    def report(items: Iterable[T], *, total: int, initial: int) -> Iterable[T]:
        task.restorer.pictures = max(1, total)
        for item in items:
            task.ticket.check()
            yield item

    options = VideoOptions(restore=task.options.restore, metadata=task.options.metadata)
    try:
        outcome = restore_clip(Job(upload, clip), task.restorer, options, report)
    except DeblurganError as error:
        raise type(error)(str(error).replace(str(upload), task.name).replace(str(clip), "the result")) from error
    clip.replace(result)
    return outcome


HANDLERS: dict[str, Handler] = dict.fromkeys(PICTURES.values(), Handler(restore_picture, picture_result))
"""By media type; videos where the extra `video` is installed."""

if importlib.util.find_spec("av"):
    HANDLERS |= dict.fromkeys(CLIPS.values(), Handler(restore_footage, clip_result, at_once=False))


def handler_of(media_type: str, *, at_once: bool) -> Handler:
    """The handler of a media type.

    Raises:
        Problem: there is none, or none that answers at once.
    """
    handler = HANDLERS.get(media_type)
    if handler is None:
        known = ", ".join(HANDLERS)
        raise Problem(
            "unsupported-type", f"Files of type {media_type} are not restored here; send one of {known}."
        )
    if at_once and not handler.at_once:
        raise Problem("unsupported-type", f"Files of type {media_type} take long; send them to /v1/jobs.")
    return handler
