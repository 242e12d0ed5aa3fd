"""From a form to a result: what an answer at once and a job have in common."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deblurgan.outcome import Outcome
from deblurgan.serve.handlers import Handler, Task, handler_of
from deblurgan.serve.limits import Limits
from deblurgan.serve.line import Line, Ticket, Unwanted
from deblurgan.serve.media import HEAD, media_type_of
from deblurgan.serve.metrics import Metrics
from deblurgan.serve.models import Models, most_pixels
from deblurgan.serve.problems import Problem
from deblurgan.serve.remarks import remarks
from deblurgan.serve.schemas import RestoreFields
from deblurgan.serve.upload import Form
from deblurgan.serve.watched import WatchedRestorer


@dataclass(frozen=True)
class Service:
    """What all requests share.

    Attributes:
        limits, models, line, metrics: see there.
        folder: private, for uploads and results; removed when the server stops.
    """

    limits: Limits
    models: Models
    line: Line
    metrics: Metrics
    folder: Path


@dataclass(frozen=True)
class Order:
    """A file that was received, and everything about it that was checked.

    Attributes:
        form: that it came in.
        fields: the options in it.
        handler: of its media type.
        media_type: of the file.
        suffix, result_type: of the result; the suffix without a dot.
    """

    form: Form
    fields: RestoreFields
    handler: Handler
    media_type: str
    suffix: str
    result_type: str

    @property
    def result_name(self) -> str:
        """What a client may call the result."""
        return f"{Path(self.form.name).stem}_deblurred.{self.suffix}"


@dataclass(frozen=True)
class Done:
    """How an order ended.

    Attributes:
        outcome: of the file.
        remarks: on what could not be kept, a sentence each.
        stages: seconds by stage.
    """

    outcome: Outcome
    remarks: tuple[str, ...] = ()
    stages: dict[str, float] = field(default_factory=dict)


def check(form: Form, source: BinaryIO, service: Service, *, accept: str, at_once: bool) -> Order:
    """Find out what a form asks for.

    Args:
        form: whose file is in `source`.
        source: open for reading.
        service: whose models may be asked for.
        accept: header of the request.
        at_once: the answer has to hold the result.

    Raises:
        Problem: the file's type is not taken or knows no quality, no format suits the client, or the file is too
            large.
        pydantic.ValidationError: an option is wrong.
    """
    source.seek(0)
    media_type = media_type_of(source.read(HEAD), form.name)
    source.seek(0)
    most = service.limits.picture_bytes
    if media_type.startswith("image/") and form.size > most:
        raise Problem("too-many-bytes", f"A picture may have {most} bytes here; {form.name} has more.")
    handler = handler_of(media_type, at_once=at_once)
    options = RestoreFields.model_fields
    fields = RestoreFields.model_validate(
        {name: value for name, value in form.fields.items() if value != "" or name not in options}
    )
    service.models.known(fields.model)
    if fields.quality is not None and not handler.takes_quality:
        said = f"quality: files of type {media_type} are always written nearly without loss; leave it out."
        raise Problem("invalid-option", said)
    suffix, result_type = handler.result_of(media_type, asked=fields.format, accept=accept)
    return Order(form, fields, handler, media_type, suffix, result_type)


def carry_out(order: Order, source: BinaryIO, target: BinaryIO, ticket: Ticket, service: Service) -> Done:
    """Restore the file; called by a worker.

    Raises:
        Unwanted: the ticket was given up meanwhile.
        DeblurganError, MemoryError: the file cannot be restored.
        Problem: it takes too long.
    """
    began = time.monotonic()
    restorer = service.models.opened(service.models.known(order.fields.model))
    watched = WatchedRestorer(restorer, ticket)
    limit = service.limits.memory
    task = Task(
        order.form.name,
        order.fields.options(order.suffix, limit),
        watched,
        ticket,
        min(service.limits.pixels, most_pixels(restorer, limit)),
    )
    try:
        with remarks() as remarked:
            outcome = order.handler.restore(source, target, task)
    except Unwanted:
        service.metrics.count("deblurgan_pictures_total", status="given up")
        raise
    except Exception:
        service.metrics.count("deblurgan_pictures_total", status="failed")
        raise
    stages = {
        "queue": began - (ticket.queued or began),
        "decode": watched.began - began,
        "restore": watched.ended - watched.began,
        "encode": time.monotonic() - watched.ended,
    }
    # The stages of a video run at the same time.
    if order.handler.at_once:
        service.metrics.observe(stages)
    service.metrics.count("deblurgan_pictures_total", status=outcome.status)
    service.metrics.count("deblurgan_pixels_total", outcome.width * outcome.height)
    return Done(outcome, tuple(remarked), stages)
