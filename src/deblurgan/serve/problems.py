"""What went wrong, as problem documents (RFC 9457): one status and one sentence for each kind of mistake."""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass, field
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from deblurgan.errors import (
    BrokenModel,
    DeblurganError,
    MissingExtra,
    TooLarge,
    UnknownEngine,
    UnknownModel,
    UnreadableImage,
    UnreadableVideo,
    UnwritableTarget,
)

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)

KINDS: dict[str, tuple[int, str]] = {
    "malformed-upload": (400, "The body is not a well-formed multipart form."),
    "token-needed": (401, "This server wants a token."),
    "other-host": (403, "The server does not answer to this name."),
    "other-origin": (403, "Pages of other origins may not use this server."),
    "not-found": (404, "There is nothing here."),
    "not-allowed": (405, "This address does not know that method."),
    "not-acceptable": (406, "None of the wanted formats can be written."),
    "upload-too-slow": (408, "The upload was too slow."),
    "not-finished": (409, "The job is not finished yet."),
    "too-many-bytes": (413, "The upload is too long."),
    "too-many-pixels": (413, "The picture has too many pixels."),
    "unsupported-type": (415, "Files of this type are not restored here."),
    "invalid-option": (422, "An option is wrong."),
    "unreadable-picture": (422, "The picture cannot be read."),
    "unreadable-video": (422, "The video cannot be read."),
    "queue-full": (429, "Too many requests wait already."),
    "internal": (500, "Something went wrong in the server."),
    "stopping": (503, "The server is about to stop."),
    "not-ready": (503, "The server is not ready yet."),
    "took-too-long": (503, "There was no time for this."),
    "no-memory": (503, "There is not enough memory for this now."),
    "no-space": (507, "There is no room for the upload now."),
}
"""Kinds of problems: the last part of their type, their status and their title."""

_OF_ERRORS: dict[type[Exception], str] = {
    TooLarge: "too-many-pixels",
    MissingExtra: "unsupported-type",
    UnreadableImage: "unreadable-picture",
    UnreadableVideo: "unreadable-video",
    UnwritableTarget: "invalid-option",
    UnknownModel: "invalid-option",
    MemoryError: "no-memory",
}

_OF_STATUSES = {404: "not-found", 405: "not-allowed"}


class ProblemDocument(BaseModel):
    """A problem, as RFC 9457 lays it out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:deblurgan:problem:unreadable-picture",
                    "title": "The picture cannot be read.",
                    "status": 422,
                    "detail": "walk.jpg is damaged, cut short or unusual (truncated); get a fresh copy.",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str


@dataclass
class Problem(Exception):
    """Ends a request with a problem document.

    Attributes:
        kind: key of `KINDS`.
        detail: one sentence for the user.
        headers: of the answer.
    """

    kind: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Of the answer."""
        return KINDS[self.kind][0]

    @property
    def document(self) -> ProblemDocument:
        """What the answer says."""
        status, title = KINDS[self.kind]
        return ProblemDocument(
            type=f"urn:deblurgan:problem:{self.kind}", title=title, status=status, detail=self.detail
        )

    def response(self) -> Response:
        """The answer."""
        return JSONResponse(self.document.model_dump(), self.status, self.headers, MEDIA_TYPE)


def problem_of(error: Exception) -> Problem:
    """The problem that an error of the package stands for; of any other one, with nothing of its text."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationError):
        return Problem("invalid-option", _sentence_of(error))
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Problem("no-space", "The server's disk is full; try again later.", {"Retry-After": "60"})
    for kind_of_error, kind in _OF_ERRORS.items():
        if isinstance(error, kind_of_error):
            again = {"Retry-After": "30"} if kind == "no-memory" else {}
            return Problem(
                kind, str(error) or "The picture needs more memory than there is; scale it down.", again
            )
    if isinstance(error, DeblurganError) and not isinstance(error, (BrokenModel, UnknownEngine)):
        return Problem("invalid-option", str(error))
    logger.error("an unexpected error", exc_info=error)
    return Problem("internal", "The server's log says what; the request itself may be fine.")


def answer_errors(app: FastAPI) -> None:
    """Make every error of an application a problem document."""
    for kind in (Problem, DeblurganError, ValidationError, MemoryError, OSError, Exception):
        app.add_exception_handler(kind, _as_response)
    app.add_exception_handler(RequestValidationError, _as_invalid)
    app.add_exception_handler(HTTPException, _as_status)
    app.add_exception_handler(ClientDisconnect, _as_nothing)


def responses(*kinds: str) -> dict[int | str, dict[str, object]]:
    """What OpenAPI says of the problems an address may answer with."""
    titles: dict[int, list[str]] = {}
    for kind in kinds:
        titles.setdefault(KINDS[kind][0], []).append(KINDS[kind][1])
    schema = {"schema": {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}}
    return {
        status: {"description": " ".join(said), "content": {MEDIA_TYPE: schema}} for status, said in titles.items()
    }


def _sentence_of(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # Only the field's name: what follows it are the insides of its type.
    where = str(first["loc"][0]) if first["loc"] else "the form"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}."


async def _as_response(_: Request, error: Exception) -> Response:
    return problem_of(error).response()


async def _as_invalid(_: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    return Problem("invalid-option", f"{first.get('loc', ('',))[-1]}: {first.get('msg', 'is wrong')}.").response()


async def _as_status(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status not in _OF_STATUSES:
        phrase = HTTPStatus(status).phrase
        return JSONResponse(
            {"type": "about:blank", "title": phrase, "status": status, "detail": phrase},
            status,
            getattr(error, "headers", None),
            MEDIA_TYPE,
        )
    detail = "Look at /openapi.json for what this server offers."
    return Problem(_OF_STATUSES[status], detail, dict(getattr(error, "headers", None) or {})).response()


async def _as_nothing(_: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody is there to read it
