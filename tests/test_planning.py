"""Which files a run takes for its inputs, and what becomes of each."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan import photo
from deblurgan.errors import UnwritableTarget
from deblurgan.image import read
from deblurgan.jobs import Job, PhotoOptions, plan
from deblurgan.photo import restore_photo
from deblurgan.restore import Restorer

RECURSIVE = PhotoOptions(recursive=True)


def touched(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def sources(jobs, folder):
    return [job.source.relative_to(folder).as_posix() for job in jobs if isinstance(job, Job)]


def test_results_in_a_folder_inside_the_input_are_not_restored_again(tmp_path):
    touched(tmp_path, "a.jpg", "trip/b.jpg", "sharp/a_deblurred.jpg", "sharp/trip/b_deblurred.jpg")
    for given in (tmp_path, tmp_path / "**" / "*.jpg"):
        assert sources(plan([str(given)], str(tmp_path / "sharp"), RECURSIVE), tmp_path) == ["a.jpg", "trip/b.jpg"]


def test_photos_in_the_folder_of_the_results_are_inputs_if_it_is_the_one_given(tmp_path):
    touched(tmp_path, "sharp/a.jpg")
    for given in ("sharp", "sharp/*.jpg"):
        jobs = plan([str(tmp_path / given)], str(tmp_path / "sharp"), RECURSIVE)
        assert sources(jobs, tmp_path) == ["sharp/a.jpg"]


def test_a_pattern_does_not_take_results_for_inputs_but_a_name_does(tmp_path):
    touched(tmp_path, "a.jpg", "a_deblurred.jpg")
    assert sources(plan([str(tmp_path / "*.jpg")], None, RECURSIVE), tmp_path) == ["a.jpg"]
    result = tmp_path / "a_deblurred.jpg"
    assert sources(plan([str(result)], None, RECURSIVE), tmp_path) == ["a_deblurred.jpg"]
    (failed,) = plan([str(tmp_path / "*_deblurred.jpg")], None, RECURSIVE)
    assert "but results of earlier runs" in failed.reason


def test_the_finished_part_of_a_video_is_no_input(tmp_path):
    touched(tmp_path, "walk.mp4", ".walk_deblurred.mp4.deblurgan/000000.mkv")
    assert sources(plan([str(tmp_path)], None, RECURSIVE), tmp_path) == ["walk.mp4"]


def test_names_that_are_too_long_fail_by_themselves(photo_file, tmp_path):
    (tmp_path / f"{'m' * 248}.jpg").touch()
    (tmp_path / "out").mkdir()
    target = str(tmp_path / f"{'m' * 300}.jpg")
    jobs = plan([str(tmp_path), target, f"{target}/*.jpg"], str(tmp_path / "out"), RECURSIVE)
    jobs += plan([str(photo_file)], target, RECURSIVE)
    restorer = Restorer(IDENTITY, IdentityEngine())
    outcomes = [restore_photo(job, restorer, RECURSIVE) if isinstance(job, Job) else job for job in jobs]
    assert [outcome.status for outcome in outcomes] == ["failed", "done", "failed", "failed", "failed"]
    assert all("File name too long" in outcome.reason for outcome in outcomes if outcome.status == "failed")


def test_a_picture_that_is_closed_to_us_is_no_reason_to_leave_the_others(photo_file, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    assert sources(plan([str(photo_file.parent)], None, RECURSIVE), photo_file.parent) == ["photo.jpg"]
    monkeypatch.setattr(Path, "is_dir", refuse)
    (outcome,) = plan([str(photo_file)], None, RECURSIVE)
    assert "cannot be read (Permission denied); check its name and permissions" in outcome.reason


def test_results_that_would_have_one_name_keep_the_suffixes_of_their_sources(tmp_path):
    touched(tmp_path, "IMG_1.heic", "IMG_1.jpg", "IMG_2.heic", "IMG_2/IMG_1.jpg", "x.avi", "x.mkv")
    made = ["IMG_1.heic_deblurred.jpg", "IMG_1.jpg_deblurred.jpg", "IMG_2/IMG_1_deblurred.jpg"]
    made += ["IMG_2_deblurred.jpg", "x.avi_deblurred.mkv", "x.mkv_deblurred.mkv"]
    # As on the first day, with everything given twice, and with the results there.
    for given in ([tmp_path], [tmp_path / "IMG_1.jpg", tmp_path, tmp_path / "IMG_2" / "*.jpg"], [tmp_path]):
        jobs = plan([str(path) for path in given], None, RECURSIVE)
        assert sorted(job.target.relative_to(tmp_path).as_posix() for job in jobs) == made
        touched(tmp_path, *made)


def test_a_folder_called_like_a_photo_does_not_make_it_a_result(tmp_path):
    touched(tmp_path, "walk_deblurred.jpg", "walk/a.jpg")
    assert sources(plan([str(tmp_path)], None, PhotoOptions()), tmp_path) == ["walk_deblurred.jpg"]


def test_only_a_picture_of_that_name_makes_another_its_result(tmp_path):
    touched(tmp_path, "walk_deblurred.jpg", "walk.txt")
    assert sources(plan([str(tmp_path)], None, PhotoOptions()), tmp_path) == ["walk_deblurred.jpg"]


@pytest.mark.parametrize(("skip", "status"), [(True, "skipped"), (False, "failed")])
def test_a_result_that_another_program_makes_meanwhile_is_there(skip, status, photo_file):
    class Slow(IdentityEngine):
        def run(self, batch):
            target.touch()
            return super().run(batch)

    target = photo_file.with_name("result.png")
    options = PhotoOptions(skip_existing=skip)
    assert restore_photo(Job(photo_file, target), Restorer(IDENTITY, Slow()), options).status == status
    assert target.read_bytes() == b""


def test_objects_get_the_names_that_files_get(tmp_path):
    pytest.importorskip("pyarrow", reason="an object store needs the extra `batch`")
    from deblurgan.object_store import plan_objects

    touched(tmp_path, "IMG_1.heic", "IMG_1.jpg", "IMG_2.heic", "._a.jpg", "trip/IMG_1.jpg", ".trip/a.jpg")
    for output in (None, tmp_path / "sharp"):
        for _ in range(2):
            files = plan([str(tmp_path)], output and str(output), RECURSIVE)
            objects = plan_objects([tmp_path.as_uri()], output and output.as_uri(), RECURSIVE)
            assert [job.target for job in objects] == [job.target.as_uri() for job in files]
            touched(tmp_path, *(str(job.target) for job in files))


def test_hidden_files_are_no_inputs_unless_they_are_named(tmp_path):
    home = touched(tmp_path / ".home", "a.jpg", "._a.jpg", ".previews/b.jpg", "trip/._c.jpg")
    for given in (home, home / "*.jpg", home / "**" / "*.jpg"):
        assert sources(plan([str(given)], None, RECURSIVE), home) == ["a.jpg"]
    assert sources(plan([str(home / "._a.jpg")], None, RECURSIVE), home) == ["._a.jpg"]


@pytest.mark.parametrize("name", ["out.gif", "out.HEIC", "out.avi", "out.wmv"])
def test_a_result_of_a_kind_that_cannot_be_written_is_no_folder(name, photo_file, tmp_path):
    with pytest.raises(UnwritableTarget, match=f"{name} cannot be written as .* or .*{name}/ for a folder"):
        plan([str(photo_file)], str(tmp_path / name), PhotoOptions())
    for folder in (f"{name}/", "my.folder", "2024.06.01"):
        (job,) = plan([str(photo_file)], str(tmp_path / "of") + f"/{folder}", PhotoOptions())
        assert job.target == tmp_path / "of" / folder / "photo_deblurred.jpg"


def test_a_jpeg_by_its_other_suffix_stays_one(photo_file):
    picture = photo_file.rename(photo_file.with_suffix(".jfif"))
    (job,) = plan([str(picture.parent)], None, PhotoOptions())
    assert job.target.name == "photo_deblurred.jfif"
    assert restore_photo(job, Restorer(IDENTITY, IdentityEngine()), PhotoOptions()).status == "done"
    assert read(job.target).format == "JPEG"


def test_a_picture_without_a_suffix_needs_a_format(photo_file):
    picture = photo_file.rename(photo_file.with_suffix(""))
    (outcome,) = plan([str(picture)], None, PhotoOptions())
    assert (outcome.status, "add --format jpg" in outcome.reason) == ("failed", True)
    (job,) = plan([str(picture)], None, PhotoOptions(format="jpg"))
    assert job.target.name == "photo_deblurred.jpg"


@pytest.mark.parametrize(
    ("output", "format", "fits"),
    [("b.png", "webp", False), ("b.png", "png", True), ("b.JPG", "jpeg", True), ("b.jpg", "mp4", True)],
)
def test_a_result_s_name_may_not_contradict_the_format(output, format, fits, tmp_path):
    touched(tmp_path, "a.jpg")
    with nullcontext() if fits else pytest.raises(UnwritableTarget, match="--format webp"):
        plan([str(tmp_path / "a.jpg")], str(tmp_path / output), PhotoOptions(format=format))


def test_a_photo_is_written_as_its_target_s_suffix_says(photo_file, tmp_path):
    job = Job(photo_file, tmp_path / "b.png")
    assert restore_photo(job, Restorer(IDENTITY, IdentityEngine()), PhotoOptions(format="webp")).status == "done"
    assert read(job.target).format == "PNG"


def test_a_call_that_finds_its_result_there_names_no_options_of_the_command_line(photo_file, monkeypatch):
    monkeypatch.setattr(photo, "_loaded", lambda model: Restorer(IDENTITY, IdentityEngine()))
    before = photo_file.read_bytes()
    with pytest.raises(UnwritableTarget, match=r"photo\.jpg exists already; choose another name, or remove it"):
        photo.deblur(photo_file, to=str(photo_file))
    assert photo_file.read_bytes() == before


def test_an_object_is_written_as_its_target_s_suffix_says(photo_file, tmp_path):
    pytest.importorskip("pyarrow", reason="an object store needs the extra `batch`")
    from deblurgan.object_store import ObjectJob, restore_object

    job = ObjectJob(photo_file.as_uri(), (tmp_path / "b.png").as_uri())
    assert restore_object(job, Restorer(IDENTITY, IdentityEngine()), PhotoOptions(format="mp4")).status == "done"
    assert read(tmp_path / "b.png").format == "PNG"


def test_results_in_a_folder_inside_an_object_store_s_are_not_restored_again(tmp_path):
    pytest.importorskip("pyarrow", reason="an object store needs the extra `batch`")
    from deblurgan.object_store import plan_objects

    touched(tmp_path, "my photos/a.jpg", "my photos/sharp/a_deblurred.jpg")
    address = (tmp_path / "my photos").as_uri()
    jobs = plan_objects([address], f"{address}/sharp", RECURSIVE)
    assert [(job.source, job.target) for job in jobs] == [(f"{address}/a.jpg", f"{address}/sharp/a_deblurred.jpg")]
