"""What goes wrong gets the right status and a problem document; the server lives and nothing is left behind."""

from __future__ import annotations

import gc
import io
import socket
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from serving import jpeg, on_loopback, wait_until
from starlette.testclient import TestClient

from deblurgan.serve.metrics import resident_memory
from deblurgan.serve.problems import KINDS


def bomb() -> bytes:
    """A PNG whose header promises 10^10 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def is_problem(answer, kind: str) -> bool:
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code == KINDS[kind][0]
    assert document["detail"].endswith((".", ")"))
    return document["type"] == f"urn:deblurgan:problem:{kind}"


PICTURE = ("walk.jpg", jpeg())


@pytest.mark.parametrize(
    ("kind", "file", "fields"),
    [
        ("too-many-pixels", ("bomb.png", bomb()), {}),
        ("unreadable-picture", ("walk.jpg", jpeg()[:-200]), {}),
        ("unreadable-picture", ("walk.jpg", b"\xff\xd8\xff"), {}),
        ("unsupported-type", ("walk.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), {}),
        ("unsupported-type", ("walk.jpg", b""), {}),
        ("unsupported-type", ("walk.avi", b"RIFF\0\0\0\0AVI LIST"), {}),
        ("invalid-option", PICTURE, {"strength": "2"}),
        ("invalid-option", PICTURE, {"strength": "nan"}),
        ("invalid-option", PICTURE, {"format": "exe"}),
        ("invalid-option", PICTURE, {"model": "../../etc"}),
        ("invalid-option", PICTURE, {"url": "http://127.0.0.1/picture.jpg"}),
        ("invalid-option", PICTURE, {"url": ""}),
        ("malformed-upload", PICTURE, {"strength": ["0", "1"]}),
        ("too-many-bytes", PICTURE, {"model": "m" * 5000}),
        ("malformed-upload", PICTURE, {f"field{number}": "1" for number in range(20)}),
    ],
)
@pytest.mark.parametrize("address", ["/v1/restore", "/v1/jobs"])
def test_a_bad_form_is_refused(client, address, kind, file, fields):
    answer = client.post(address, files={"file": file}, data=fields)
    if address == "/v1/jobs" and kind in ("too-many-pixels", "unreadable-picture"):
        # A job's file is only opened when it is its turn.
        job = answer.json()
        while job["status"] in ("queued", "running"):
            job = client.get(answer.headers["location"]).json()
        assert job["problem"]["type"].endswith(kind)
        answer = client.get(f"{answer.headers['location']}/result")
    assert is_problem(answer, kind)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("format", "gif", "format: input should be 'jpg', 'png', "),
        ("quality", "a", "quality: input should be a valid integer"),
        ("url", "x", "url: "),
    ],
)
def test_a_wrong_option_is_said_without_the_insides_of_its_check(client, field, value, said):
    detail = client.post("/v1/restore", files={"file": PICTURE}, data={field: value}).json()["detail"]
    assert detail.startswith(said)
    assert "[" not in detail


@pytest.mark.parametrize(
    ("kind", "content_type", "body"),
    [
        ("unsupported-type", "image/jpeg", jpeg()),
        ("unsupported-type", "application/json", b"{}"),
        ("malformed-upload", "multipart/form-data", b"no boundary"),
        ("malformed-upload", "multipart/form-data; boundary=x", b"something else"),
        ("malformed-upload", "multipart/form-data; boundary=x", b""),
        ("malformed-upload", "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; na"),
        (
            "malformed-upload",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + jpeg(),
        ),
        (
            "malformed-upload",
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        ),
        ("malformed-upload", f"multipart/form-data; boundary={'x' * 5000}", b"--x"),
    ],
)
def test_a_malformed_body_is_refused(client, kind, content_type, body):
    assert is_problem(client.post("/v1/restore", content=body, headers={"Content-Type": content_type}), kind)


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_an_upload_that_is_too_long_is_refused(make_app, declared):
    with TestClient(make_app(upload_bytes=100_000)) as client:
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        body = head + bytes(300_000)
        content = body if declared else iter([body[start : start + 50_000] for start in range(0, 300_000, 50_000)])
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        assert is_problem(client.post("/v1/restore", content=content, headers=headers), "too-many-bytes")


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\evil.jpg", "/abs.jpg", "a\0b.jpg", "x" * 3000])
def test_no_name_of_a_file_reaches_the_disk(make_app, tmp_path, name):
    app = make_app()
    with TestClient(app) as client:
        job = client.post("/v1/jobs", files={"file": (name, jpeg())}).json()
        inside = {path.name for path in app.state.service.folder.rglob("*") if path.is_file()}
        assert inside <= {"source", "result"}
        assert "/" not in job["name"]
        assert len(job["name"]) <= 120
    assert not list(app.state.service.folder.iterdir())


def test_a_format_that_cannot_be_written_is_not_acceptable(client):
    answer = client.post("/v1/restore", files={"file": PICTURE}, headers={"Accept": "text/html"})
    assert is_problem(answer, "not-acceptable")


def test_what_is_not_there_and_what_is_not_allowed_are_problems_too(client):
    assert is_problem(client.get("/v1/nothing"), "not-found")
    assert is_problem(client.get("/../pyproject.toml"), "not-found")
    assert is_problem(client.get("/v1/jobs/none/result"), "not-found")
    for refused, allowed in (
        (client.put("/v1/restore"), "POST"),
        (client.get("/v1/restore"), "POST"),
        (client.post("/v1/models"), "GET"),
    ):
        assert is_problem(refused, "not-allowed")
        assert refused.headers["allow"] == allowed


def test_an_unexpected_error_says_nothing_of_the_inside(make_app, patient_engine, monkeypatch):
    monkeypatch.setattr(patient_engine, "run", lambda _: 1 / 0)
    with TestClient(make_app(), raise_server_exceptions=False) as client:
        answer = client.post("/v1/restore", files={"file": PICTURE})
    assert is_problem(answer, "internal")
    assert "zero" not in answer.text


def test_of_200_uploads_at_once_some_are_told_to_come_again(make_app, patient_engine):
    patient_engine.go.clear()
    app = make_app(queue=6)
    with on_loopback(app) as port, httpx2.Client(timeout=30, limits=httpx2.Limits(max_connections=None)) as client:

        def upload(_: int):
            return client.post(f"http://127.0.0.1:{port}/v1/restore", files={"file": PICTURE})

        with ThreadPoolExecutor(200) as pool:
            answers = [pool.submit(upload, number) for number in range(200)]
            wait_until(lambda: sum(future.done() for future in answers) == 192)
            refused = [future for future in answers if future.done()]
            patient_engine.go.set()
            statuses = [future.result().status_code for future in answers]
        assert statuses.count(200) == 8
        assert statuses.count(429) == 192
        assert all(int(future.result().headers["retry-after"]) >= 1 for future in refused)
        assert all(is_problem(future.result(), "queue-full") for future in refused)


def test_a_slow_client_is_sent_away_and_its_place_is_free_again(make_app):
    app = make_app(queue=0, upload_patience=0.3)
    with on_loopback(app) as port, socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(
            b"POST /v1/restore HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            b"Content-Length: 5000\r\n\r\n--x\r\n"
        )
        slow.settimeout(10)
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")
        assert app.state.service.line.waiting == 0


def test_a_client_that_never_ends_the_head_of_its_request_is_cut_off(make_app):
    with on_loopback(make_app(head_seconds=0.2)) as port:
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /health HTTP/1.1\r\nHost:")
            slow.settimeout(10)
            assert slow.recv(100) == b""
        assert httpx2.get(f"http://127.0.0.1:{port}/health").status_code == 200


@pytest.mark.parametrize("leaves", ["in the upload", "in the queue"])
def test_a_client_that_goes_away_gives_its_place_back(make_app, patient_engine, leaves):
    patient_engine.go.clear()
    app = make_app()
    line = app.state.service.line
    with on_loopback(app) as port:
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
        for client in clients:
            head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + jpeg()
            body = head + (b"" if leaves == "in the upload" else b"\r\n--x--\r\n")
            client.sendall(
                b"POST /v1/restore HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                + f"Content-Length: {len(head) + 9}\r\n\r\n".encode()
                + body
            )
        wait_until(lambda: line.waiting + line.running == 4)
        for client in clients:
            client.close()
        wait_until(lambda: line.waiting == 0)
        patient_engine.go.set()
        wait_until(lambda: line.running == 0)


def test_memory_returns_after_bad_uploads(make_app):
    junk = b"BM" + bytes(10_000_000)
    with TestClient(make_app()) as client:

        def storm():
            for _ in range(10):
                assert client.post("/v1/restore", files={"file": ("junk.bmp", junk)}).status_code == 422
            gc.collect()
            return resident_memory()

        assert storm() > storm() - 5 * len(junk)


def test_a_full_disk_is_said(make_app, monkeypatch):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("deblurgan.serve.restore_route._buffer", lambda _: Full())
    with TestClient(make_app()) as client:
        assert is_problem(client.post("/v1/restore", files={"file": PICTURE}), "no-space")
