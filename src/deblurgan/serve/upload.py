"""Multipart forms as they stream in: one file into a sink, a few short fields, limits on all of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from deblurgan.serve.limits import Limits
from deblurgan.serve.problems import Problem

FILE_FIELD = "file"
if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_OVERHEAD = 64_000  # bytes of a form beside its file
_NAME_LENGTH = 120


@dataclass
class Form:
    """What a form held beside its file.

    Attributes:
        name: of the file as the client calls it, without folders or control characters; for messages only.
        fields: all others, by name.
        size: of the file in bytes.
    """

    name: str = "the picture"
    fields: dict[str, str] = field(default_factory=dict)
    size: int = 0


async def receive_form(request: Request, sink: BinaryIO, limits: Limits, *, file_bytes: int) -> Form:
    """Write the file of a form into `sink` while it arrives.

    Args:
        request: whose body was not read yet.
        sink: gets the file's bytes.
        limits: of fields and of patience.
        file_bytes: most that the file may have.

    Raises:
        Problem: the body is no multipart form, has no file or several, is too long or too slow.
        OSError: the sink cannot take more.
        starlette.requests.ClientDisconnect: the client went away.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != b"multipart/form-data":
        raise Problem(
            "unsupported-type", f"Send a form of type multipart/form-data with the picture in {FILE_FIELD!r}."
        )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > file_bytes + _OVERHEAD:
        raise _too_long(file_bytes)
    reader = _Reader(sink, limits, file_bytes)
    try:
        parser = MultipartParser(options.get(b"boundary", b""), reader.callbacks())
        await _feed(request, parser, limits, file_bytes + _OVERHEAD)
    except FormParserError as error:
        raise Problem("malformed-upload", f"The form cannot be read: {error}.") from None
    return reader.finished()


async def _feed(request: Request, parser: MultipartParser, limits: Limits, most: int) -> None:
    started, received = time.monotonic(), 0
    chunks = aiter(request.stream())
    while True:
        allowed = started + limits.upload_patience + received / limits.upload_rate - time.monotonic()
        try:
            async with asyncio.timeout(max(allowed, 0)):
                chunk = await anext(chunks, None)
        except TimeoutError:
            rate = f"{limits.upload_rate / 1000:g} kB a second"
            raise Problem("upload-too-slow", f"The upload brought less than {rate}; try a better line.") from None
        if chunk is None:
            return
        received += len(chunk)
        if received > most:
            raise _too_long(most - _OVERHEAD)
        parser.write(chunk)


def _too_long(most: int) -> Problem:
    return Problem("too-many-bytes", f"The file has more than the {most} bytes allowed; make it smaller.")


class _Reader:
    """Takes the parts of a form apart as the parser meets them.

    Args:
        sink: gets the file's bytes.
        limits: of the fields.
        file_bytes: most that the file may have.
    """

    def __init__(self, sink: BinaryIO, limits: Limits, file_bytes: int) -> None:
        self._sink, self._limits, self._file_bytes = sink, limits, file_bytes
        self._form = Form()
        self._header, self._disposition = [bytearray(), bytearray()], b""
        self._field, self._value = "", bytearray()
        self._has_file = self._is_complete = False

    def callbacks(self) -> MultipartCallbacks:
        """For the parser."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._complete,
        }

    def finished(self) -> Form:
        """The form, once all of it was read."""
        if not self._is_complete:
            raise Problem("malformed-upload", "The form ends before its last boundary; send it again.")
        if not self._has_file:
            raise Problem("malformed-upload", f"The form has no file in the field {FILE_FIELD!r}.")
        return self._form

    def _begin(self) -> None:
        self._disposition = b""

    def _end_header(self) -> None:
        name, value = (bytes(part) for part in self._header)
        self._header = [bytearray(), bytearray()]
        if name.lower() == b"content-disposition":
            self._disposition = value

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field, self._value = options.get(b"name", b"").decode("utf-8", "replace"), bytearray()
        if self._field == FILE_FIELD:
            if self._has_file:
                raise Problem("malformed-upload", "The form has several files; send one at a time.")
            self._has_file = True
            self._form.name = _clean(options.get(b"filename", b"").decode("utf-8", "replace"))
        elif self._field in self._form.fields:
            raise Problem("malformed-upload", f"The form has the field {self._field[:40]!r} twice.")
        elif len(self._form.fields) >= self._limits.fields:
            raise Problem("malformed-upload", f"The form has more than {self._limits.fields} fields.")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field == FILE_FIELD:
            self._form.size += end - start
            if self._form.size > self._file_bytes:
                raise _too_long(self._file_bytes)
            self._sink.write(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > self._limits.field_bytes:
            name, most = self._field[:40], self._limits.field_bytes
            raise Problem("too-many-bytes", f"The field {name!r} has more than the {most} bytes allowed.")

    def _end(self) -> None:
        if self._field != FILE_FIELD:
            self._form.fields[self._field] = self._value.decode("utf-8", "replace")

    def _complete(self) -> None:
        self._is_complete = True


def _clean(name: str) -> str:
    """The last part of a path of any system, fit to be shown and logged."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if letter.isprintable())
    return shown[-_NAME_LENGTH:] or Form.name
