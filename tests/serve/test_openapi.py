"""The OpenAPI document is complete, its examples work, and nothing it allows breaks the server."""

import re
import typing
import warnings
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from serving import jpeg
from starlette.testclient import TestClient

from deblurgan.commands.serve import serve
from deblurgan.serve import schemas
from deblurgan.serve.media import CLIPS, RESULTS
from deblurgan.serve.problems import KINDS, ProblemDocument

ROUTES = [
    ("post", "/v1/restore"),
    ("post", "/v1/jobs"),
    ("get", "/v1/jobs/{id}"),
    ("delete", "/v1/jobs/{id}"),
    ("get", "/v1/jobs/{id}/result"),
    ("get", "/v1/models"),
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
]


def test_every_route_is_described(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert sorted((method, path) for path, methods in paths.items() for method in methods) == sorted(ROUTES)
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"]


@pytest.mark.parametrize("path", ["/v1/restore", "/v1/jobs"])
def test_the_examples_of_uploads_work(client, path):
    body = client.get("/openapi.json").json()["paths"][path]["post"]["requestBody"]
    examples = body["content"]["multipart/form-data"]["examples"]
    assert len(examples) >= 3
    for example in examples.values():
        answer = client.post(path, files={"file": ("walk.jpg", jpeg())}, data=example["value"])
        assert answer.status_code in (200, 202), answer.text


@pytest.mark.parametrize("kind", [schemas.Job, ProblemDocument])
def test_the_examples_of_answers_fit_their_schemas(client, kind):
    described = client.get("/openapi.json").json()["components"]["schemas"][kind.__name__]
    assert set(described["properties"]) == set(kind.model_fields)
    assert [kind.model_validate(example) for example in described["examples"]]


def test_the_formats_of_the_form_are_those_that_can_be_written():
    suffix = typing.get_args(typing.get_args(schemas.Suffix)[0])
    assert suffix == (*RESULTS, *CLIPS)


def test_nothing_the_document_allows_is_a_server_error(make_app):
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    tried = set()
    with TestClient(make_app()) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of schemathesis' own
        # Before its model is loaded, which the first picture does, a server rightly says 503.
        client.post("/v1/restore", files={"file": ("walk.jpg", jpeg())})
        document = schemathesis.openapi.from_asgi("/openapi.json", client.app)
        for result in document.get_all_operations():

            @settings(max_examples=10, database=None, suppress_health_check=list(HealthCheck))
            @given(case=result.ok().as_strategy())
            def attempt(case):
                case.validate_response(case.call(), checks=checks)
                tried.add((case.method.lower(), case.path))

            attempt()
    assert tried == set(ROUTES)


def test_the_reference_names_every_problem_and_every_option():
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "http-api.md").read_text("utf-8")
    table = reference.partition("<!-- problems -->")[2].partition("<!-- end of problems -->")[0]
    rows = re.findall(r"^\| ([a-z-]+) \| (\d+) \|", table, flags=re.M)
    assert rows == [(kind, str(status)) for kind, (status, _) in KINDS.items()]
    for option in serve.params:
        assert f"`{option.opts[-1]}`" in reference
