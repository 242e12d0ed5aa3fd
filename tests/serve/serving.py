"""A server whose network changes nothing and waits when it is told to."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from conftest import IDENTITY, IdentityEngine

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

import uvicorn
from fastapi import FastAPI

from deblurgan.engines import Engine
from deblurgan.restore import Restorer
from deblurgan.serve.app import create_app
from deblurgan.serve.limits import Limits
from deblurgan.serve.models import Models
from deblurgan.serve.server import configured


class PatientEngine(IdentityEngine):
    """Holds each picture until `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.go.set()

    def run(self, batch):
        assert self.go.wait(30)
        return super().run(batch)


def jpeg(size=(64, 48), **saving) -> bytes:
    """A picture of (width, height) as a file."""
    stream = io.BytesIO()
    pixels = np.random.default_rng(3).integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
    PIL.Image.fromarray(pixels).resize(size).save(stream, "JPEG", **saving)
    return stream.getvalue()


def new_app(folder: Path, engine: Engine, *, token=None, origins=(), hosts=None, **limits) -> FastAPI:
    """An application with one model, on an engine; limits by name."""
    folder.mkdir()
    models = Models({"identity": IDENTITY}, lambda _: Restorer(IDENTITY, engine))
    return create_app(models, folder, limits=Limits(**limits), token=token, origins=origins, hosts=hosts)


def wait_until(holds: Callable[[], object]) -> None:
    """Return once a condition holds, or fail."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def on_loopback(app: FastAPI) -> Iterator[int]:
    """Serve an application as `deblurgan serve` does, in a thread; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(configured(app, app.state.service.limits))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
