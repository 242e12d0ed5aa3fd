"""Who restores what: one table from a file's media type to the function that takes it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from deblurgan.photo import Outcome, PhotoOptions, restore_stream
from deblurgan.serve.line import Ticket
from deblurgan.serve.media import PICTURES, picture_result
from deblurgan.serve.problems import Problem
from deblurgan.serve.watched import WatchedRestorer


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
    named = _NamedBytes(source.read(), task.name)
    return restore_stream(named, target, task.restorer, task.options, max_pixels=task.pixels)


HANDLERS: dict[str, Handler] = dict.fromkeys(PICTURES.values(), Handler(restore_picture, picture_result))
"""By media type."""


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


class _NamedBytes(io.BytesIO):
    """A file's bytes under the name that messages call it."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name
