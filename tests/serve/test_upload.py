"""Forms are the same however the network cuts them, and formats are chosen as RFC 9110 says."""

import asyncio
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import jpeg
from starlette.requests import Request

from deblurgan.serve.limits import Limits
from deblurgan.serve.media import media_type_of, picture_result
from deblurgan.serve.problems import Problem
from deblurgan.serve.upload import receive_form


def received(body: bytes, cuts: list[int]):
    """The form and its file, from a body that arrives in pieces."""
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(edges)]

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
    request = Request({"type": "http", "headers": headers}, receive)
    sink = io.BytesIO()
    form = asyncio.run(receive_form(request, sink, Limits(), file_bytes=10_000))
    return form, sink.getvalue()


@given(file=st.binary(max_size=300), value=st.text(max_size=30), cuts=st.lists(st.integers(0, 700), max_size=6))
def test_a_form_is_the_same_however_it_is_cut(file, value, cuts):
    if b"\r\n--edge" in b"\r\n" + file + value.encode():
        return
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a/b.jpg"\r\n'
        b"Content-Type: image/jpeg\r\n\r\n" + file + b"\r\n"
        b'--edge\r\nContent-Disposition: form-data; name="model"\r\n\r\n' + value.encode() + b"\r\n--edge--\r\n"
    )
    form, content = received(body, cuts)
    assert content == file
    assert (form.name, form.size, form.fields) == ("b.jpg", len(file), {"model": value})


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (jpeg(), "walk.png", "image/jpeg"),
        (b"II*\0" + bytes(20), "walk.tif", "image/tiff"),
        (b"II*\0" + bytes(20), "walk.NEF", "image/x-dcraw"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "walk.jpg", "image/heic"),
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  ", "walk", "video/quicktime"),
        (b"\x1aE\xdf\xa3" + bytes(20), "walk.mkv", "video/x-matroska"),
        (b"\x1aE\xdf\xa3" + bytes(10) + b"\x42\x82\x84webm", "walk", "video/webm"),
        (b"RIFF\0\0\0\0AVI LIST", "walk.avi", "video/x-msvideo"),
    ],
)
def test_the_content_says_what_a_file_is(head, name, expected):
    assert media_type_of(head, name) == expected


@pytest.mark.parametrize(
    ("media_type", "accept", "suffix"),
    [
        ("image/tiff", "", "tiff"),
        ("image/heic", "", "jpg"),
        ("image/x-dcraw", "*/*", "tiff"),
        ("image/png", "image/*;q=0.5, image/webp", "webp"),
        ("image/png", "image/*;q=0.5, image/png;q=0.1", "jpg"),
        ("image/png", "image/webp;q=nonsense, image/png;q=0.1", "png"),
    ],
)
def test_the_best_format_that_is_accepted(media_type, accept, suffix):
    assert picture_result(media_type, asked=None, accept=accept)[0] == suffix


def test_nothing_acceptable_is_a_problem():
    with pytest.raises(Problem) as refused:
        picture_result("image/png", asked=None, accept="text/html, image/*;q=0")
    assert refused.value.status == 406
