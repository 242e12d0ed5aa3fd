"""Health, readiness, models and metrics."""

import logging
import re

from serving import jpeg
from starlette.testclient import TestClient

from deblurgan.serve.request_log import RequestLog


def test_health_and_readiness(client, make_app):
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/ready").status_code == 503
    client.post("/v1/restore", files={"file": ("walk.jpg", jpeg())})
    assert client.get("/ready").status_code == 200
    client.app.state.service.line.is_closed = True
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200
    assert client.post("/v1/restore", files={"file": ("walk.jpg", jpeg())}).status_code == 503


def test_models_and_limits_are_told(client):
    offer = client.get("/v1/models").json()
    assert [model["name"] for model in offer["models"] if model["default"]] == ["identity"]
    assert offer["pixels"] == client.app.state.service.limits.pixels
    assert "image/jpeg" in offer["media_types"]
    assert ("mp4" in offer["video_formats"]) == ("video/mp4" in offer["media_types"])
    assert not set(offer["formats"]) & set(offer["video_formats"])


def test_each_request_is_logged_in_a_line_without_names_and_secrets(make_app, caplog):
    caplog.set_level(logging.INFO, "deblurgan")
    with TestClient(RequestLog(make_app(token="secret"))) as client:
        headers = {"Authorization": "Bearer secret"}
        client.post("/v1/restore?key=hidden", files={"file": ("walk.jpg", jpeg())}, headers=headers)
        client.get("/v1/no%0Asuch")
    assert [record.name for record in caplog.records] == ["deblurgan.serve.request_log"] * 2
    restored, refused = (record.getMessage() for record in caplog.records)
    assert re.fullmatch(r"POST /v1/restore 200 \d+ ms \d{3,} bytes", restored)
    assert re.fullmatch(r"GET /v1/no%0Asuch 401 \d+ ms \d{2,} bytes", refused)


def test_metrics_are_prometheus_text(client):
    for _ in range(2):
        client.post("/v1/restore", files={"file": ("walk.jpg", jpeg((64, 48)))})
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    line = re.compile(r"# (HELP|TYPE) \w+ .+|\w+(\{(\w+=\"[^\"]*\",?)+\})? [0-9.e+-]+")
    assert all(line.fullmatch(text) for text in answer.text.splitlines())
    assert 'deblurgan_requests_total{route="/v1/restore",status="200"} 2' in answer.text
    assert 'deblurgan_pictures_total{status="done"} 2' in answer.text or "unchanged" in answer.text
    assert f"deblurgan_pixels_total {2 * 64 * 48}" in answer.text
    assert 'deblurgan_seconds_count{stage="restore"} 2' in answer.text
    assert "deblurgan_waiting 0" in answer.text
