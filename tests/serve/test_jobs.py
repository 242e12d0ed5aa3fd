"""/v1/jobs: progress, results, cancellation, expiry."""

from __future__ import annotations

import dataclasses
import errno
import io
import time

import numpy as np
import pytest
from serving import jpeg, wait_until
from starlette.testclient import TestClient

from clips import Recipe, make
from conftest import IDENTITY, IdentityEngine, YCbCrEngine
from deblurgan import restore_plan
from deblurgan.image import read
from deblurgan.jobs import PhotoOptions
from deblurgan.restore import Restorer
from deblurgan.restore_plan import Case
from deblurgan.serve.handlers import Task, restore_footage
from deblurgan.serve.line import Ticket
from deblurgan.serve.watched import WatchedRestorer
from deblurgan.ycbcr import Coding, YCbCr


def left(client, data=None, name="walk.jpg", **fields):
    answer = client.post("/v1/jobs", files={"file": (name, data or jpeg())}, data=fields)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return answer.headers["location"]


def finished(client, address):
    wait_until(lambda: client.get(address).json()["status"] not in ("queued", "running"))
    return client.get(address).json()


def test_a_job_is_followed_and_its_result_fetched(client):
    address = left(client, format="png")
    job = finished(client, address)
    assert (job["status"], job["progress"], job["position"]) == ("done", 1.0, 0)
    assert (job["name"], job["media_type"], job["result_name"]) == ("walk.jpg", "image/jpeg", "walk_deblurred.png")
    result = client.get(job["result"])
    assert result.headers["content-type"] == "image/png"
    assert "walk_deblurred.png" in result.headers["content-disposition"]
    np.testing.assert_array_equal(read(result.content).pixels, read(jpeg()).pixels)


def test_parts_of_a_result_can_be_fetched(client):
    address = left(client)
    whole = client.get(finished(client, address)["result"]).content
    part = client.get(f"{address}/result", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole[10:20]


def test_progress_grows_tile_by_tile(make_app, patient_engine, monkeypatch):
    monkeypatch.setattr(Case, "largest_tile", lambda *_, **__: 160**2)
    seen = []
    run = patient_engine.run
    app = make_app()

    def watched(batch):
        seen.extend(job.ticket.progress for job in app.state.jobs._jobs.values())
        return run(batch)

    monkeypatch.setattr(patient_engine, "run", watched)
    with TestClient(app) as client:
        finished(client, left(client, jpeg((400, 400))))
    assert len(seen) > 4
    np.testing.assert_allclose(seen, np.arange(len(seen)) / len(seen))


def test_smaller_pictures_of_a_scale_recurrent_model_do_not_count_as_progress(monkeypatch):
    class Passing(IdentityEngine):
        def run_pass(self, number, picture, coarse, change):
            seen.append((number, ticket.progress))
            change[...] = 0

    monkeypatch.setattr(Case, "largest_tile", lambda *_, **__: 160**2)
    seen, ticket = [], Ticket()
    recurrent = dataclasses.replace(IDENTITY, recurrent_scales=3)
    WatchedRestorer(Restorer(recurrent, Passing()), ticket)(np.zeros((400, 400, 3), np.uint8))
    assert all(progress == 0 for number, progress in seen if number < 3)
    last = [progress for number, progress in seen if number == 3]
    np.testing.assert_allclose(last, np.arange(len(last)) / len(last))
    assert ticket.progress == pytest.approx(1)


def test_progress_counts_the_pictures_that_will_come(patient_engine, scene):
    ticket = Ticket()
    watched = WatchedRestorer(Restorer(IDENTITY, patient_engine), ticket)
    watched.pictures = 4
    for number in range(4):
        assert ticket.progress == number / 4
        watched(scene)
    assert ticket.progress == 1


def test_large_pictures_count_by_the_engine_that_has_them(scene, monkeypatch):
    ticket, engine = Ticket(), IdentityEngine()
    engine.quick = IdentityEngine()
    monkeypatch.setattr(restore_plan, "LARGE", 1)
    WatchedRestorer(Restorer(IDENTITY, engine), ticket)(scene)
    assert len(engine.quick.shapes) == 1
    assert not engine.shapes
    assert ticket.progress == 1


def test_so_do_those_in_luma_and_chroma(scene):
    ticket, half = Ticket(), np.zeros((48, 64), np.uint8)
    watched = WatchedRestorer(Restorer(IDENTITY, YCbCrEngine()), ticket)
    watched.pictures = 2
    assert watched.takes_ycbcr(scene.shape[:2])
    watched.on_ycbcr(YCbCr(scene[..., 1], half, half, Coding(0.2126, 0.0722, full_range=False)))
    assert ticket.progress == 0.5
    assert not WatchedRestorer(Restorer(IDENTITY, IdentityEngine()), ticket).takes_ycbcr(scene.shape[:2])


def test_a_job_waits_for_its_turn_and_has_no_result_before(make_app, patient_engine):
    patient_engine.go.clear()
    with TestClient(make_app()) as client:
        addresses = [left(client) for _ in range(4)]
        wait_until(lambda: client.get(addresses[1]).json()["status"] == "running")
        assert [client.get(address).json()["position"] for address in addresses] == [0, 0, 1, 2]
        early = client.get(f"{addresses[3]}/result")
        assert early.status_code == 409
        assert early.headers["retry-after"] == "1"
        patient_engine.go.set()
        assert finished(client, addresses[3])["status"] == "done"


def test_a_deleted_job_is_gone_with_its_files(make_app):
    app = make_app()
    with TestClient(app) as client:
        address = left(client)
        finished(client, address)
        assert client.delete(address).status_code == 204
        assert client.get(address).status_code == client.delete(address).status_code == 404
        assert not list(app.state.service.folder.iterdir())


def test_a_cancelled_job_stops_before_its_next_tile(make_app, patient_engine, monkeypatch):
    monkeypatch.setattr(Case, "largest_tile", lambda *_, **__: 160**2)
    patient_engine.go.clear()
    app = make_app()
    with TestClient(app) as client:
        running = left(client, jpeg((400, 400)))
        wait_until(lambda: client.get(running).json()["status"] == "running")
        assert client.delete(running).status_code == 204
        patient_engine.go.set()
        wait_until(lambda: not list(app.state.service.folder.iterdir()))
        assert len(patient_engine.shapes) <= 1
        assert app.state.service.line.running == 0


def test_a_job_that_nobody_fetches_expires(make_app, monkeypatch):
    monkeypatch.setattr("deblurgan.serve.app._EXPIRY_SECONDS", 0.02)
    app = make_app(keep_seconds=0.2)
    with TestClient(app) as client:
        address = left(client)
        wait_until(lambda: client.get(address).status_code == 404)
        assert not list(app.state.service.folder.iterdir())


def test_results_that_were_fetched_make_room_for_more(make_app):
    with TestClient(make_app(kept_jobs=2)) as client:
        addresses = [left(client), left(client)]
        results = [finished(client, address)["result"] for address in addresses]
        refused = client.post("/v1/jobs", files={"file": ("walk.jpg", jpeg())})
        assert refused.status_code == 429
        client.get(results[0])
        left(client)
        assert client.get(addresses[0]).status_code == 404
        assert client.get(addresses[1]).status_code == 200


def test_a_job_that_finds_no_room_on_disk_keeps_no_place(make_app, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    app = make_app(queue=0)
    with TestClient(app) as client:
        with monkeypatch.context() as patched:
            patched.setattr("deblurgan.serve.job_routes.tempfile.mkdtemp", full)
            answers = [client.post("/v1/jobs", files={"file": ("walk.jpg", jpeg())}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [507] * 3
        assert app.state.service.line.waiting == 0
        assert finished(client, left(client))["status"] == "done"


def test_a_job_may_not_be_in_work_for_ever(make_app, patient_engine, monkeypatch):
    monkeypatch.setattr(Case, "largest_tile", lambda *_, **__: 160**2)
    run = patient_engine.run
    monkeypatch.setattr(patient_engine, "run", lambda batch: (time.sleep(0.05), run(batch))[1])
    with TestClient(make_app(job_seconds=0.01)) as client:
        job = finished(client, left(client, jpeg((400, 400))))
    assert job["problem"]["type"].endswith("took-too-long")


@pytest.mark.parametrize("kind", ["waiting", "in work"])
def test_an_answer_does_not_wait_longer_than_allowed(make_app, patient_engine, kind):
    patient_engine.go.clear()
    with TestClient(make_app(seconds=0.2)) as client:
        if kind == "waiting":
            wait_until(lambda: all(left(client) for _ in range(2)))
        answer = client.post("/v1/restore", files={"file": ("walk.jpg", jpeg())})
        patient_engine.go.set()
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("took-too-long")


@pytest.fixture
def walk(tmp_path):
    pytest.importorskip("av", reason="the extra `video` is not installed")
    return make(tmp_path, Recipe("walk.mp4", frames=6)).read_bytes()


def test_a_video_comes_back_with_its_sound(client, walk):
    import av

    job = finished(client, left(client, walk, "walk.mp4"))
    assert (job["status"], job["media_type"], job["result_name"]) == ("done", "video/mp4", "walk_deblurred.mp4")
    result = client.get(job["result"])
    assert result.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(walk)) as before, av.open(io.BytesIO(result.content)) as after:
        assert [stream.type for stream in after.streams] == [stream.type for stream in before.streams]
        assert sum(1 for _ in after.decode(video=0)) == 6


def test_a_video_is_encoded_with_the_threads_of_the_server(tmp_path, patient_engine, monkeypatch):
    pytest.importorskip("av", reason="the extra `video` is not installed")

    def noted(job, _restorer, options, _progress):
        job.target.write_bytes(bytes([options.threads]))

    monkeypatch.setattr("deblurgan.video.restore_clip", noted)
    (tmp_path / "source").touch()
    ticket = Ticket()
    watched = WatchedRestorer(Restorer(IDENTITY, patient_engine, threads=3), ticket)
    task = Task("walk.mp4", PhotoOptions(format="mp4"), watched, ticket, pixels=10**6)
    with (tmp_path / "source").open("rb") as source, (tmp_path / "result").open("w+b") as target:
        restore_footage(source, target, task)
    assert (tmp_path / "result").read_bytes() == b"\3"


def test_a_video_has_no_quality_to_choose(client, walk):
    refused = client.post("/v1/jobs", files={"file": ("walk.mp4", walk)}, data={"quality": "80"})
    assert (refused.status_code, "quality" in refused.json()["detail"]) == (422, True)
    left(client, walk, "walk.mp4", quality="")


@pytest.mark.parametrize("name", ["walk.mp4", "../../walk.mp4"])
def test_a_damaged_video_is_named_as_its_client_calls_it(client, walk, name):
    job = finished(client, left(client, walk[:200], name))
    assert job["problem"]["type"] == "urn:deblurgan:problem:unreadable-video"
    assert "walk.mp4" in job["problem"]["detail"]
    assert "source" not in job["problem"]["detail"]


def test_videos_are_for_jobs_and_their_results_are_videos(client, walk):
    at_once = client.post("/v1/restore", files={"file": ("walk.mp4", walk)})
    assert (at_once.status_code, "/v1/jobs" in at_once.json()["detail"]) == (415, True)
    as_picture = client.post("/v1/jobs", files={"file": ("walk.mp4", walk)}, data={"format": "jpg"})
    assert as_picture.status_code == 422
    as_video = client.post("/v1/restore", files={"file": ("walk.jpg", jpeg())}, data={"format": "mp4"})
    assert as_video.status_code == 422
