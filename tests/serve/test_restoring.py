"""POST /v1/restore: a picture comes back as the command line would write it."""

from __future__ import annotations

import io
import re

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from serving import jpeg, wait_until

from deblurgan.image import read

PROFILE = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()


def photo_with_metadata() -> bytes:
    exif = PIL.Image.Exif()
    exif[0x010F], exif[0x0132] = "Camera & Co", "2026:11:24 12:00:00"
    return jpeg(exif=exif, icc_profile=PROFILE, quality=90)


def restored(client, data: bytes, name="walk.jpg", headers=None, **fields):
    answer = client.post("/v1/restore", files={"file": (name, data)}, data=fields, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def test_metadata_and_profile_are_those_of_the_upload(client):
    photo = photo_with_metadata()
    sharp = read(restored(client, photo).content)
    assert sharp.exif == read(photo).exif
    assert sharp.exif is not None
    assert sharp.icc_profile == PROFILE


def test_metadata_can_be_left_out_but_the_profile_stays(client):
    sharp = read(restored(client, photo_with_metadata(), metadata="strip").content)
    assert sharp.exif is None
    assert sharp.icc_profile == PROFILE


def test_a_network_that_changes_nothing_gives_every_pixel_back(client, scene):
    stream = io.BytesIO()
    PIL.Image.fromarray(scene).save(stream, "PNG")
    answer = restored(client, stream.getvalue(), "scene.png")
    assert answer.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(answer.content))), scene)


@pytest.mark.parametrize(
    ("accept", "asked", "expected"),
    [
        ("*/*", None, "image/jpeg"),
        ("image/*", None, "image/jpeg"),
        ("image/webp", None, "image/webp"),
        ("image/avif;q=0.3, image/png;q=0.8, text/html", None, "image/png"),
        ("image/webp", "tiff", "image/tiff"),
        ("image/webp", "JPEG", "image/jpeg"),
    ],
)
def test_the_format_is_negotiated(client, accept, asked, expected):
    fields = {"format": asked} if asked else {}
    answer = restored(client, jpeg(), headers={"Accept": accept}, **fields)
    assert answer.headers["content-type"] == expected
    assert PIL.Image.open(io.BytesIO(answer.content)).get_format_mimetype() == expected


def test_the_answer_says_what_was_done_and_how_long_it_took(client):
    headers = restored(client, jpeg(), "snörk/walk 1.jpg").headers
    stages = re.findall(r"(\w+);dur=[\d.]+", headers["server-timing"])
    assert stages == ["upload", "queue", "decode", "restore", "encode"]
    assert headers["content-disposition"] == "inline; filename*=UTF-8''walk%201_deblurred.jpg"
    assert headers["deblurgan-model"] == "identity"
    assert headers["deblurgan-engine"] == "identity"
    assert headers["deblurgan-tiles"] == "1"


def test_what_of_a_picture_could_not_be_kept_is_remarked(client):
    stream = io.BytesIO()
    PIL.Image.new("CMYK", (64, 48)).save(stream, "JPEG")
    sent = {"file": ("walk.jpg", stream.getvalue())}
    remark = "walk.jpg: CMYK became sRGB"
    assert restored(client, sent["file"][1]).headers["deblurgan-remarks"] == remark
    assert restored(client, jpeg()).headers["deblurgan-remarks"] == ""
    job = client.post("/v1/jobs", files=sent).json()
    wait_until(lambda: client.get(f"/v1/jobs/{job['id']}").json()["status"] in ("done", "unchanged"))
    assert client.get(f"/v1/jobs/{job['id']}").json()["remarks"] == [remark]


def test_empty_fields_of_a_browser_form_count_as_not_given(client):
    restored(client, jpeg(), model="", format="", quality="")


def test_results_larger_than_a_buffer_arrive_whole(client):
    noise = np.random.default_rng(0).integers(0, 256, (900, 900, 3), np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(noise).save(stream, "PNG")
    answer = restored(client, stream.getvalue(), "noise.png")
    assert int(answer.headers["content-length"]) == len(answer.content) > 2_000_000
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(io.BytesIO(answer.content))), noise)
