"""POST /v1/restore: one picture in, one picture out."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.requests import ClientDisconnect

from deblurgan.serve.media import RESULTS
from deblurgan.serve.problems import Problem, responses
from deblurgan.serve.schemas import UPLOAD
from deblurgan.serve.upload import receive_form
from deblurgan.serve.work import Done, Order, Service, carry_out, check

_IN_MEMORY = 1_000_000  # bytes of an upload or a result that are not worth a file
_CHUNK = 256_000

PROBLEMS = (
    *("malformed-upload", "token-needed", "other-host", "other-origin", "not-acceptable"),
    *(
        "upload-too-slow",
        "too-many-bytes",
        "too-many-pixels",
        "unsupported-type",
        "invalid-option",
        "unreadable-picture",
    ),
    *("queue-full", "stopping", "took-too-long", "no-memory", "no-space"),
)


def routes(service: Service) -> APIRouter:
    """The route, for one service."""
    router = APIRouter()
    pictures = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in RESULTS.values()}

    @router.post(
        "/v1/restore",
        summary="Sharpen one picture",
        response_class=Response,
        openapi_extra=UPLOAD,
        responses={200: {"description": "The picture.", "content": pictures}, **responses(*PROBLEMS)},
    )
    async def restore(request: Request) -> Response:
        """Send the picture in the field `file` of a multipart form; the options of `deblurgan run` are its fields.

        EXIF, colour profile, orientation and bit depth are kept. `Server-Timing` says what took how long; the
        headers that begin with `Deblurgan-` say what was done.
        """
        began = time.monotonic()
        with service.line.place(service.limits.seconds) as ticket:
            ticket.seconds_allowed = service.limits.seconds
            source = _buffer(service)
            try:
                form = await receive_form(request, source, service.limits, file_bytes=service.limits.upload_bytes)
                accept = request.headers.get("accept", "")
                order = check(form, source, service, accept=accept, at_once=True)
            except BaseException:
                source.close()
                raise
            uploaded = time.monotonic() - began

            def work() -> tuple[Done, BinaryIO]:
                target = _buffer(service)
                try:
                    return carry_out(order, source, target, ticket, service), target
                except BaseException:
                    target.close()
                    raise

            future = service.line.submit(ticket, work)
            future.add_done_callback(lambda _: source.close())
            try:
                done, target = await _result(future, request, service.limits.seconds)
            except BaseException:
                ticket.give_up()
                future.add_done_callback(_close_result)
                raise
        return _answer(order, done, target, {"upload": uploaded, **done.stages})

    return router


async def _result(
    future: Future[tuple[Done, BinaryIO]], request: Request, seconds: float
) -> tuple[Done, BinaryIO]:
    """Wait for the work, but no longer than the client does.

    Raises:
        ClientDisconnect: the client went away.
        Problem: there is no time left.
    """
    waited = asyncio.wrap_future(future)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        waiting: set[asyncio.Future[Any]] = {waited, gone}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if waited.done():
        return waited.result()
    waited.cancel()
    if gone.done():
        raise ClientDisconnect
    raise Problem(
        "took-too-long",
        f"There was no time for this within {seconds:g} s; try again later, or send it to /v1/jobs.",
        {"Retry-After": "30"},
    )


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer(order: Order, done: Done, target: BinaryIO, stages: dict[str, float]) -> Response:
    outcome, size = done.outcome, target.tell()
    target.seek(0)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(order.result_name, safe='')}",
        "Cache-Control": "no-store",
        "Server-Timing": ", ".join(f"{stage};dur={1000 * seconds:.1f}" for stage, seconds in stages.items()),
        "Deblurgan-Status": outcome.status,
        "Deblurgan-Reason": _as_header(outcome.reason),
        "Deblurgan-Remarks": _as_header("; ".join(done.remarks)),
        "Deblurgan-Model": quote(outcome.model),
        "Deblurgan-Engine": outcome.engine,
        "Deblurgan-Tiles": str(outcome.tiles),
    }
    return StreamingResponse(_chunks(target), headers=headers, media_type=order.result_type)


def _as_header(text: str) -> str:
    return text.encode("ascii", "replace").decode()


async def _chunks(target: BinaryIO) -> AsyncIterator[bytes]:
    with target:
        while chunk := target.read(_CHUNK):
            yield chunk


def _buffer(service: Service) -> BinaryIO:
    """A file without a name that only this process can open, in memory while it is small."""
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(service.folder)))


def _close_result(future: Future[tuple[Done, BinaryIO]]) -> None:
    if not future.cancelled() and future.exception() is None:
        future.result()[1].close()
