"""Who may use the server, and what browsers are told."""

import click
import pytest
from serving import jpeg
from starlette.testclient import TestClient

from deblurgan.commands.serve import serve

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


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", ""])
def test_what_is_no_origin_may_not_send_pictures(client, origin):
    assert client.post("/v1/restore", files=PICTURE, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/main.js", "/health", "/v1/models", "/metrics"])
def test_the_head_of_whatever_can_be_got_can_be_asked_for(client, path):
    head, whole = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")


@pytest.mark.parametrize(
    "host", ["evil.example:8123", "127.0.0.1.evil.example", "0.0.0.0:8123", "[::1", "a b", ""]
)
def test_other_names_than_those_of_loopback_are_refused(make_app, host):
    with TestClient(make_app(hosts=())) as client:
        headers = {"Host": host, "Origin": f"http://{host}"}
        for answer in (
            client.post("/v1/restore", files=PICTURE, headers=headers),
            client.get("/v1/models", headers=headers),
        ):
            assert answer.status_code == 403
            assert answer.json()["type"].endswith("other-host")


@pytest.mark.parametrize("host", ["localhost:8123", "127.0.0.1", "127.9.9.9:1", "[::1]:8123", "LocalHost"])
def test_names_of_loopback_are_answered(make_app, host):
    with TestClient(make_app(hosts=())) as client:
        assert client.get("/v1/models", headers={"Host": host}).status_code == 200


def test_a_name_can_be_allowed(make_app):
    with TestClient(make_app(hosts=["photos.example"])) as client:
        assert client.get("/v1/models", headers={"Host": "Photos.example:8000"}).status_code == 200
        assert client.get("/v1/models", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(
            ("--cors-origin", value)
            for value in ("foo", "*", "https://photos.example/", "https://", "HTTPS://a.b")
        ),
        *(("--allowed-host", value) for value in ("https://photos.example", "a/b", "")),
    ],
)
def test_what_is_no_origin_or_no_host_is_refused(option, value):
    with pytest.raises(click.BadParameter, match="such as"):
        serve.make_context("serve", [option, value])


@pytest.mark.parametrize("origin", ["https://photos.example", "http://[::1]:81", "null"])
def test_what_browsers_call_an_origin_is_taken(origin):
    assert serve.make_context("serve", ["--cors-origin", origin])


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
