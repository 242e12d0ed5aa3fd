"""The log of requests: one line for each, when it was answered."""

from __future__ import annotations

import logging
import time
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class RequestLog:
    """ASGI middleware; a line has method, path, status, milliseconds and bytes of the answer.

    Nothing else, for queries, headers and forms hold what is their client's alone.

    Args:
        app: whose requests are logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, size = time.monotonic(), 500, 0

        async def send_counted(message: Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            milliseconds = 1000 * (time.monotonic() - began)
            # Quoted, so that no path can look like another line.
            path = quote(scope["path"])
            logger.info("%s %s %d %.0f ms %d bytes", scope["method"], path, status, milliseconds, size)
