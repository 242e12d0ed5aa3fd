"""A batch on a cluster of two workers gives the files and outcomes of one machine."""

import json
import subprocess
import sys

import PIL.Image
import pytest

from deblurgan import read
from deblurgan.cluster import WorkerOptions, restore_on_cluster
from deblurgan.errors import DeblurganError
from deblurgan.jobs import PhotoOptions

pytest.importorskip("ray", reason="a cluster needs the extra `batch`")


def run(*arguments, folder=None):
    command = [sys.executable, "-m", "deblurgan", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=300, cwd=folder)


def test_two_workers_write_what_one_machine_writes(tmp_path, scene):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(5):
        PIL.Image.fromarray(scene[: 40 + 10 * number]).save(photos / f"{number}.jpg")
    (photos / "2.jpg").write_bytes(b"no picture")
    outcomes = {}
    for name, extra in (("one", ()), ("two", ("--cluster", "auto"))):
        done = run("photos", "-o", name, "--threads", 1, "--no-guard", "--json", *extra, folder=tmp_path)
        assert done.returncode == 1, done.stderr
        assert b"Traceback" not in done.stderr
        outcomes[name] = [json.loads(line) for line in done.stdout.decode().splitlines()]
    for single, shared in zip(outcomes["one"], outcomes["two"], strict=True):
        assert [single[key] for key in ("input", "status", "reason")] == [
            shared[key] for key in ("input", "status", "reason")
        ]
        if single["status"] == "done":
            name = single["output"].rpartition("/")[2]
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_photographs_are_taken_from_an_object_store_and_put_into_one(tmp_path, scene):
    photos, sharp = tmp_path / "my photos", tmp_path / "sharp"
    (photos / "walk").mkdir(parents=True)
    for name in ("one.jpg", "walk/two.png", "walk/two_deblurred.png"):
        PIL.Image.fromarray(scene).save(photos / name)
    (photos / "notes.txt").write_text("no picture")
    addresses = photos.as_uri(), sharp.as_uri()
    arguments = (addresses[0], "-o", addresses[1], "--recursive", "--no-guard", "--cluster", "auto", "--json")
    first, missing = run(*arguments, f"{addresses[0]}/gone.jpg"), run(*arguments, "--skip-existing")
    outcomes = [json.loads(line) for line in first.stdout.decode().splitlines()]
    assert [(outcome["input"].removeprefix(addresses[0]), outcome["status"]) for outcome in outcomes] == [
        ("/one.jpg", "done"),
        ("/walk/two.png", "done"),
        ("/gone.jpg", "failed"),
    ]
    assert outcomes[1]["output"] == f"{addresses[1]}/walk/two_deblurred.png"
    assert read(sharp / "one_deblurred.jpg").pixels.shape == scene.shape
    assert [json.loads(line)["status"] for line in missing.stdout.decode().splitlines()] == ["skipped"] * 2


def test_an_object_store_needs_a_cluster_for_everything(photo_file, tmp_path):
    done = run("s3://bucket/photos", "-o", "s3://bucket/sharp")
    assert (done.returncode, b"with --cluster only" in done.stderr) == (2, True)
    done = run("s3://bucket/photos", "-o", tmp_path, "--cluster", "auto")
    assert (done.returncode, b"all be in object stores" in done.stderr) == (2, True)


def test_a_store_that_does_not_answer_is_named():
    place = "s3://bucket/photos?endpoint_override=127.0.0.1:1&scheme=http&region=none"
    done = run(place, "-o", place, "--cluster", "auto")
    assert done.returncode == 2
    assert place.encode() + b" cannot be reached: " in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def cluster_of(monkeypatch):
    """Makes a cluster that is joined already, of machines with so many cores."""
    import ray

    def make(*cores):
        nodes = [{"Alive": True, "Resources": {"CPU": offered} if offered else {}} for offered in cores]
        monkeypatch.setattr(ray, "is_initialized", lambda: True)
        monkeypatch.setattr(ray, "nodes", lambda: nodes)

    return make


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # Ray reads its own settings
def test_a_head_that_offers_no_cores_is_left_out(cluster_of):
    cluster_of(0, 8.0, 0.5, 4.0)
    nothing = list(restore_on_cluster([], "auto", WorkerOptions(), PhotoOptions()))
    assert nothing == []
    with pytest.raises(DeblurganError, match="the largest has 8"):
        next(restore_on_cluster([], "auto", WorkerOptions(threads=9), PhotoOptions()))


def test_a_cluster_without_any_cores_is_refused(cluster_of):
    cluster_of(0, 0)
    with pytest.raises(DeblurganError, match="No machine of the cluster offers processor cores"):
        next(restore_on_cluster([], "auto", WorkerOptions(), PhotoOptions()))


def test_a_model_that_workers_do_not_have_is_a_reason_and_not_a_retry(photo_file):
    done = run(photo_file, "--cluster", "auto", "--model", "imaginary")
    assert done.returncode == 1
    assert b"No model is called 'imaginary'" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_cluster_that_does_not_answer_is_named(photo_file):
    done = run(photo_file, "--cluster", "127.0.0.1:1")
    assert done.returncode == 2
    assert b"No Ray cluster answers at 127.0.0.1:1" in done.stderr
    assert b"Traceback" not in done.stderr
