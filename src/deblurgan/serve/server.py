"""The process: a socket, uvicorn, and a stop that finishes what was accepted."""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from deblurgan.serve.app import create_app
from deblurgan.serve.jobs import Jobs
from deblurgan.serve.limits import Limits
from deblurgan.serve.line import Line
from deblurgan.serve.models import Models
from deblurgan.serve.request_log import RequestLog

_LAST_SECONDS = 1  # that answers still have after a second signal
_TICK = 0.05  # seconds between looks at what is left to do


def serve_until_stopped(
    models: Models,
    listener: socket.socket,
    limits: Limits,
    *,
    token: str | None = None,
    origins: Collection[str] = (),
    hosts: Collection[str] | None = (),
    on_start: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal, then answer what was accepted, and leave nothing behind.

    SIGTERM and SIGINT stop the server gently, a second one at once.

    Args:
        models: to offer.
        listener: a socket that listens.
        limits: of requests.
        token: that requests must bring; None for none.
        origins: of pages elsewhere that may use the server.
        hosts: names that it may be called by, beside those of loopback; None for any.
        on_start: called once requests are taken.

    Raises:
        KeyboardInterrupt: it was stopped by SIGINT, gently.
    """
    with tempfile.TemporaryDirectory(prefix="deblurgan-", ignore_cleanup_errors=True) as folder:
        app = create_app(models, Path(folder), limits=limits, token=token, origins=origins, hosts=hosts)
        server = DrainingServer(configured(app, limits), app.state.service.line, app.state.jobs, on_start)
        server.run([listener])


def configured(app: FastAPI, limits: Limits) -> uvicorn.Config:
    """How uvicorn serves an application."""
    return uvicorn.Config(
        RequestLog(app),
        http=impatient(limits.head_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        proxy_headers=False,
    )


class DrainingServer(uvicorn.Server):
    """Goes on listening while it finishes, so that results can still be fetched and newcomers get an answer.

    Args:
        config: of uvicorn.
        line: closed by the first signal; the server stops once all is done whose upload ends within
            `Limits.grace_seconds`,
        jobs: and once their results were fetched, or nobody did for `Limits.grace_seconds`.
        on_start: called once requests are taken.
    """

    def __init__(self, config: uvicorn.Config, line: Line, jobs: Jobs, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._line, self._jobs, self._on_start = line, jobs, on_start
        self._drained: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop gently at the first signal, at once at the second."""
        if sig == signal.SIGINT and not self._captured_signals:
            self._captured_signals.append(sig)
        if self._line.is_closed:
            self.config.timeout_graceful_shutdown = _LAST_SECONDS
            self.should_exit = True
            return
        self._line.is_closed = True
        self._loop.call_soon_threadsafe(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        self._drained = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        patient_until = time.monotonic() + self._jobs.grace_seconds
        while self._line.running or self._line.queued or (self._line.waiting and time.monotonic() < patient_until):
            await asyncio.sleep(_TICK)
        if self._line.waiting:
            # Uploads, which may go on for hours; nothing of them is accepted yet.
            self.config.timeout_graceful_shutdown = _LAST_SECONDS
        patient_until = time.monotonic() + self._jobs.grace_seconds
        while self._jobs.unfetched and time.monotonic() < patient_until:
            await asyncio.sleep(_TICK)
        self.should_exit = True


def impatient(seconds: float) -> type[H11Protocol]:
    """The protocol of uvicorn, which waits forever for the head of a request, with an end to that.

    Args:
        seconds: after which a connection is closed that brings no request's head; up to twice as long.
    """

    class Impatient(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._waiting_since: object = None
            self.loop.call_later(seconds, self._look)

        def _look(self) -> None:
            if self.transport.is_closing():
                return
            # The latest request tells one wait for a head from another.
            waiting = (self.cycle,) if self.conn.their_state is h11.IDLE else None
            if waiting is not None and waiting == self._waiting_since:
                self.transport.close()
                return
            self._waiting_since = waiting
            self.loop.call_later(seconds, self._look)

    return Impatient
