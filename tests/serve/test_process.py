"""`deblurgan serve` as a process: it starts, stops gently, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from serving import jpeg, wait_until

from conftest import listen_to_interrupts
from deblurgan.commands.serve import is_loopback, listen
from deblurgan.errors import DeblurganError
from deblurgan.image import read
from deblurgan.serve.limits import memory_per_picture
from deblurgan.serve.server import DrainingServer, configured

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of Unix")


@contextlib.contextmanager
def process(folder: Path, *arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its address; its temporary files go below `folder`."""
    command = [sys.executable, "-m", "deblurgan", "serve", "--port", "0", *arguments]
    variables = {**os.environ, "TMPDIR": str(folder), **environment}
    with subprocess.Popen(
        command,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen_to_interrupts,
    ) as server:
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


def test_a_term_signal_loses_no_accepted_request(tmp_path):
    with process(tmp_path, "--quiet") as (server, address), httpx2.Client(timeout=60) as client:

        def restored(_: int):
            return client.post(f"{address}v1/restore", files={"file": ("walk.jpg", jpeg((640, 480)))})

        job = client.post(f"{address}v1/jobs", files={"file": ("walk.jpg", jpeg())}).json()
        with ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(restored, number) for number in range(6)]
            while "deblurgan_running 2" not in client.get(f"{address}metrics").text:
                time.sleep(0.01)
            time.sleep(0.2)  # all have a place by now
            server.send_signal(signal.SIGTERM)
            statuses = [future.result().status_code for future in answers]
        assert statuses == [200] * 6
        # It still listens, for the results of jobs.
        late = restored(0)
        assert late.status_code == 503
        assert late.json()["type"].endswith("stopping")
        assert read(client.get(f"{address}v1/jobs/{job['id']}/result").content).width == 64
        assert server.wait(20) == 0
        assert server.stderr.read() == ""
    assert not list(tmp_path.iterdir())


def test_a_stop_does_not_wait_for_uploads_that_go_on(make_app):
    app, started = make_app(grace_seconds=0.2), threading.Event()
    config = configured(app, app.state.service.limits)
    server = DrainingServer(config, app.state.service.line, app.state.jobs, started.set)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    assert started.wait(20)
    with socket.create_connection(listener.getsockname()) as upload:
        head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        upload.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode())
        wait_until(lambda: app.state.service.line.waiting)
        server.handle_exit(signal.SIGTERM, None)
        thread.join(10)
        assert not thread.is_alive()


def test_an_interrupt_stops_it_too_and_a_second_one_at_once(tmp_path):
    with process(tmp_path) as (server, address):
        httpx2.post(f"{address}v1/jobs", files={"file": ("walk.jpg", jpeg())})
        server.send_signal(signal.SIGINT)
        time.sleep(0.3)
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 130
        assert "Traceback" not in server.stderr.read()
    assert not list(tmp_path.iterdir())


def test_other_addresses_than_loopback_need_a_token(tmp_path):
    with process(tmp_path, "--host", "0.0.0.0", DEBLURGAN_TOKEN="") as (server, _):
        assert server.wait(20) == 2
        said = server.stderr.read()
    assert "DEBLURGAN_TOKEN" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".example"])
def test_a_host_that_there_is_not_is_said(host):
    with pytest.raises(DeblurganError, match="There is no host"):
        listen(host, 0)


def test_a_port_that_is_taken_is_said(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with process(tmp_path, "--port", port) as (server, _):
            assert server.wait(20) == 2
            assert f"Port {port}" in server.stderr.read()


def test_memory_that_is_too_little_for_any_picture_is_refused():
    with pytest.raises(DeblurganError, match="400M"):
        memory_per_picture(300_000_000)
    assert memory_per_picture(3_000_000_000) == 1_500_000_000


def test_free_memory_that_is_too_little_for_any_picture_is_said(monkeypatch):
    monkeypatch.setattr("deblurgan.memory.available", lambda: 500_000_000)
    with pytest.raises(DeblurganError, match=r"Only 500 MB .* --memory"):
        memory_per_picture(None)
    monkeypatch.setattr("deblurgan.memory.available", lambda: 600_000_000)
    assert memory_per_picture(None) == 225_000_000


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)),
        *(("0.0.0.0", False), ("::", False), ("192.168.1.4", False), ("photos.example", False)),
    ],
)
def test_what_counts_as_loopback(host, expected):
    assert is_loopback(host) is expected
