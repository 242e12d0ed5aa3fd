"""The gate before all routes: host, token, origin, headers that keep browsers careful, the count of answers."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deblurgan.hosts import is_loopback, name_of
from deblurgan.serve.metrics import Metrics
from deblurgan.serve.problems import Problem

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
}
_READING = ("GET", "HEAD", "OPTIONS")


class Gate:
    """ASGI middleware.

    Args:
        app: behind the gate.
        open_paths: that need no token.
        token: that all others need; None for no token.
        origins: of pages that may send requests, beside the server's own.
        hosts: names that requests may call the server by, beside those of loopback; None for any.
        metrics: counts the answers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        open_paths: Collection[str],
        token: str | None,
        origins: Collection[str],
        hosts: Collection[str] | None,
        metrics: Metrics,
    ) -> None:
        self._app, self._metrics = app, metrics
        self._open_paths, self._origins = frozenset(open_paths), frozenset(origins)
        self._hosts = None if hosts is None else frozenset(hosts)
        self._token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_carefully(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                route = getattr(scope.get("route"), "path", "") or "none"
                self._metrics.count("deblurgan_requests_total", route=route, status=str(message["status"]))
            await send(message)

        problem = self._problem(scope, Headers(scope=scope))
        app = problem.response() if problem else self._app
        if scope["method"] == "HEAD":
            # The server leaves the body out by the scope it has given.
            scope = {**scope, "method": "GET"}
        await app(scope, receive, send_carefully)

    def _problem(self, scope: Scope, headers: Mapping[str, str]) -> Problem | None:
        if not self._may_be_called(headers):
            return Problem("other-host", "The server does not answer to this host's name; see --allowed-host.")
        if scope["method"] not in _READING and not self._may_send(headers):
            return Problem("other-origin", "Pages of other origins may not use this server; see --cors-origin.")
        if self._token and scope["path"] not in self._open_paths and not self._has_token(headers):
            return Problem(
                "token-needed", "Send the header 'Authorization: Bearer TOKEN'.", {"WWW-Authenticate": "Bearer"}
            )
        return None

    def _may_be_called(self, headers: Mapping[str, str]) -> bool:
        """A page whose own name leads to this computer would be taken for the server's; browsers tell the name."""
        host = headers.get("host")
        if self._hosts is None or host is None:
            return True
        name = name_of(host)
        return name is not None and (name in self._hosts or is_loopback(name))

    def _may_send(self, headers: Mapping[str, str]) -> bool:
        """Programs name no origin; of pages only the server's own and those allowed may send."""
        origin = headers.get("origin")
        if origin is None or origin in self._origins:
            return True
        # Behind a proxy the host may have another name here, but the browser knows better.
        site = headers.get("sec-fetch-site")
        if site:
            return site == "same-origin"
        try:
            return urlsplit(origin).netloc == headers.get("host")
        except ValueError:
            return False

    def _has_token(self, headers: Mapping[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # Compared as bytes, since text may hold what the comparison refuses; in constant time.
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), self._token or b""
        )
