"""Who may use the server, and what browsers are told."""

import pytest
from serving import jpeg
from starlette.testclient import TestClient

PICTURE = {"file": ("walk.jpg", jpeg())}


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ", "Basic secret", "secret", "Bearer s\xe9cret"])
def test_without_the_token_only_the_page_and_the_health_are_open(make_app, given):
    with TestClient(make_app(token="secret")) as client:
        headers = {"Authorization": given.encode("latin-1")} if given else {}
        for path in ("/", "/main.js", "/health", "/ready", "/openapi.json"):
            assert client.get(path, headers=headers).status_code in (200, 503)
        for path in ("/v1/models", "/metrics", "/v1/jobs/x", "/docs", "/anything"):
            assert client.get(path, headers=headers).status_code == 401
        refused = client.post("/v1/restore", files=PICTURE, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"


def test_with_the_token_all_is_open(make_app):
    with TestClient(make_app(token="secret"), headers={"Authorization": "Bearer secret"}) as client:
        assert client.post("/v1/restore", files=PICTURE).status_code == 200
        assert client.get("/metrics").status_code == 200


def test_pages_of_other_origins_may_not_send_pictures(client):
    refused = client.post("/v1/restore", files=PICTURE, headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert "access-control-allow-origin" not in refused.headers
    behind_proxy = {"Origin": "https://photos.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({"Origin": "http://testserver"}, behind_proxy, {}):
        assert client.post("/v1/restore", files=PICTURE, headers=headers).status_code == 200
    near = {"Origin": "http://testserver:81", "Sec-Fetch-Site": "same-site"}
    assert client.post("/v1/restore", files=PICTURE, headers=near).status_code == 403


def test_an_origin_can_be_let_in(make_app):
    with TestClient(make_app(origins=["https://photos.example"], token="secret")) as client:
        asked = {"Origin": "https://photos.example", "Access-Control-Request-Method": "POST"}
        may = client.options("/v1/restore", headers=asked | {"Access-Control-Request-Headers": "Authorization"})
        assert may.headers["access-control-allow-origin"] == "https://photos.example"
        headers = {"Origin": "https://photos.example", "Authorization": "Bearer secret"}
        assert client.post("/v1/restore", files=PICTURE, headers=headers).status_code == 200
        assert client.options("/v1/restore", headers=asked | {"Origin": "https://evil.example"}).status_code == 400


def test_browsers_are_told_to_load_nothing_from_elsewhere(client):
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_the_page_names_nothing_from_elsewhere(client):
    for path in ("/", "/style.css", "/main.js", "/server.js", "/comparison.js", "/archive.js", "/strings.js"):
        text = client.get(path).text
        assert "https://" not in text, path
        assert "http://" not in text, path
