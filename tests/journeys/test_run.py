"""`deblurgan run` as its users call it, with the model that ships."""

import io
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from deblurgan import Image, read, write
from deblurgan.commands.run import _report
from deblurgan.outcome import Outcome


def deblurgan(*arguments, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "deblurgan", *map(str, arguments)],
        capture_output=True,
        input=stdin,
        env=os.environ | environment,
        timeout=120,
    )


def errors_of(done):
    text = done.stderr.decode()
    assert "Traceback" not in text
    return text


def test_a_photo_gets_a_neighbour(photo_file):
    done = deblurgan("run", photo_file, "--no-guard")
    target = photo_file.with_name("photo_deblurred.jpg")
    assert done.returncode == 0
    assert done.stdout.decode().strip() == str(target)
    assert not done.stderr
    assert read(target).pixels.shape == read(photo_file).pixels.shape


def test_an_existing_result_is_left_alone_unless_told(photo_file):
    target = photo_file.with_name("photo_deblurred.jpg")
    target.write_bytes(b"precious")
    assert "exists already" in errors_of(deblurgan("run", photo_file))
    assert deblurgan("run", photo_file, "--skip-existing").returncode == 0
    assert target.read_bytes() == b"precious"
    assert deblurgan("run", photo_file, "--overwrite").returncode == 0
    assert target.read_bytes() != b"precious"


def test_a_folder_keeps_its_shape_below_the_target(photo_file, tmp_path):
    below = tmp_path / "in" / "trip"
    below.mkdir(parents=True)
    shutil.copy(photo_file, below / "a.jpg")
    shutil.copy(photo_file, tmp_path / "in" / "b.jpg")
    assert deblurgan("run", tmp_path / "in", "-r", "-o", tmp_path / "out").returncode == 0
    made = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.jpg"))
    assert made == ["b_deblurred.jpg", "trip/a_deblurred.jpg"]


def test_a_second_run_over_a_folder_does_not_sharpen_results_again(photo_file):
    deblurgan("run", photo_file.parent)
    deblurgan("run", photo_file.parent, "--overwrite")
    assert sorted(path.name for path in photo_file.parent.iterdir()) == ["photo.jpg", "photo_deblurred.jpg"]


def test_a_pipe_goes_from_standard_input_to_standard_output(photo_file):
    done = deblurgan("run", "-", "--format", "png", stdin=photo_file.read_bytes())
    assert done.returncode == 0
    assert PIL.Image.open(io.BytesIO(done.stdout)).format == "PNG"


def test_a_pipe_keeps_the_format(scene):
    before = io.BytesIO()
    PIL.Image.fromarray(scene).save(before, "JPEG2000")
    done = deblurgan("run", "-", stdin=before.getvalue())
    assert done.returncode == 0, errors_of(done)
    assert PIL.Image.open(io.BytesIO(done.stdout)).format == "JPEG2000"


def test_a_pipe_keeps_within_the_memory_that_is_allowed(scene):
    before = io.BytesIO()
    PIL.Image.fromarray(np.tile(scene, (3, 3, 1))).save(before, "PNG")
    done = deblurgan("run", "-", "--memory", "201M", stdin=before.getvalue())
    assert done.returncode == 1
    assert "Standard input has 384 x 288 pixels, more than the" in errors_of(done)


def test_a_pipe_ends_in_standard_output(photo_file, tmp_path):
    for arguments in (("-", "-o", tmp_path / "out.png"), ("-", photo_file), (photo_file, "-o", "-")):
        done = deblurgan("run", *arguments, stdin=photo_file.read_bytes())
        assert done.returncode == 2
        assert "- reads standard input and writes standard output" in errors_of(done)


def test_sixteen_bits_and_metadata_come_through(tmp_path, scene):
    from deblurgan.image import Image, write

    pixels = scene.astype(np.float32) / 255
    deep = Image(pixels=pixels, bit_depth=16, icc_profile=_srgb(), exif=_exif_with_artist(), format="PNG")
    write(deep, tmp_path / "deep.png")
    assert deblurgan("run", tmp_path / "deep.png", "-o", tmp_path / "out.png", "--no-guard").returncode == 0
    result = read(tmp_path / "out.png")
    assert result.bit_depth == 16
    assert len(np.unique(np.rint(result.pixels * 65535))) > 256
    assert (result.icc_profile, result.exif) == (deep.icc_profile, deep.exif)


def test_json_says_what_became_of_each_file(photo_file, tmp_path):
    done = deblurgan("run", photo_file, tmp_path / "gone.jpg", "--json", "-o", tmp_path / "out", "--no-guard")
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert done.returncode == 1
    assert (first["status"], first["width"], first["height"], first["tiles"]) == ("done", 128, 96, 1)
    assert first["seconds"] > 0
    assert second["status"] == "failed"
    assert "gone.jpg" in second["reason"]


def test_a_sharp_photo_comes_out_unchanged_and_the_reason_is_said(photo_file, tmp_path):
    done = deblurgan("run", photo_file, "-o", tmp_path / "same.png")
    assert done.returncode == 0
    assert "sharp already" in errors_of(done)
    np.testing.assert_array_equal(read(tmp_path / "same.png").pixels, read(photo_file).pixels)
    outcome = json.loads(deblurgan("run", photo_file, "--json").stdout)
    assert outcome["status"] == "unchanged"
    assert "sharp already" in outcome["reason"]


@pytest.mark.parametrize("option", [[], ["--strength", "0", "--no-guard"]])
def test_a_file_whose_picture_stays_is_its_own_result_to_the_byte(photo_file, tmp_path, option):
    assert deblurgan("run", photo_file, "-o", tmp_path / "same.jpeg", *option).returncode == 0
    assert (tmp_path / "same.jpeg").read_bytes() == photo_file.read_bytes()


@pytest.mark.parametrize("option", [["--quality", "80"], ["--metadata", "strip"]])
def test_a_file_is_encoded_anew_where_that_is_asked_for(photo_file, tmp_path, option):
    assert deblurgan("run", photo_file, "-o", tmp_path / "other.jpg", *option).returncode == 0
    assert (tmp_path / "other.jpg").read_bytes() != photo_file.read_bytes()


def test_a_dry_run_writes_nothing(photo_file):
    done = deblurgan("run", photo_file, "--dry-run")
    assert b"photo_deblurred.jpg" in done.stdout
    assert [path.name for path in photo_file.parent.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize(
    ("options", "code", "shown", "said"),
    [([], 1, False, "exists already"), (["--overwrite"], 0, True, ""), (["--skip-existing"], 0, False, "")],
)
def test_a_dry_run_says_what_of_its_targets_exists(photo_file, options, code, shown, said):
    photo_file.with_name("photo_deblurred.jpg").write_bytes(b"there")
    done = deblurgan("run", photo_file, "--dry-run", *options)
    assert done.returncode == code
    assert (b"photo_deblurred.jpg" in done.stdout) is shown
    assert said in errors_of(done)


def test_quiet_says_nothing_of_what_a_format_cannot_hold(photo_file, tmp_path, scene):
    deep = tmp_path / "deep.png"
    write(Image(scene.astype(np.uint16) * 257, bit_depth=16), deep)
    for quiet, says in (([], "its 16 bits a sample became 8"), (["--quiet"], "")):
        done = deblurgan("run", deep, "-o", tmp_path / "deep.jpg", "--overwrite", *quiet)
        assert done.returncode == 0
        assert says in errors_of(done)
        assert bool(done.stderr) is bool(says)


def test_a_picture_of_a_kind_that_is_not_read_is_to_be_converted(tmp_path, scene):
    PIL.Image.fromarray(scene).save(tmp_path / "moving.gif")
    done = deblurgan("run", tmp_path / "moving.gif")
    assert done.returncode == 1
    assert "convert it first" in errors_of(done)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_standard_output_on_a_full_disk_is_one_sentence(photo_file):
    for arguments in ([photo_file], ["-"]):
        with photo_file.open("rb") as photo, Path("/dev/full").open("wb") as full:
            command = [sys.executable, "-m", "deblurgan", "run", *map(str, arguments), "--overwrite"]
            done = subprocess.run(command, stdin=photo, stdout=full, stderr=subprocess.PIPE, timeout=120)
        assert done.returncode == 1
        assert "standard output failed" in errors_of(done)


def test_a_format_may_be_given_with_its_dot(photo_file):
    assert b"photo_deblurred.png" in deblurgan("run", photo_file, "--dry-run", "--format", ".png").stdout


def test_the_bar_on_a_terminal_makes_room_for_the_lines(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    outcomes = [Outcome("a.jpg", "b.jpg", "done"), Outcome("c.jpg", None, "failed", "c.jpg is damaged.")]
    assert list(_report(outcomes, 2, as_json=False, quiet=False)) == outcomes
    assert "0/2" in screen.getvalue()
    for line in ("b.jpg", "deblurgan: c.jpg is damaged."):
        assert f"\r{line}\n" in screen.getvalue()


def huge_png(side=30_000):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def bad_files(folder, photo):
    (folder / "text.jpg").write_text("not a picture")
    (folder / "cut.jpg").write_bytes(photo.read_bytes()[:900])
    (folder / "empty.png").write_bytes(b"")
    (folder / "huge.png").write_bytes(huge_png())
    return ["text.jpg", "cut.jpg", "empty.png", "huge.png", "missing.jpg"]


def test_bad_files_are_named_and_the_rest_is_done(photo_file, tmp_path):
    names = bad_files(tmp_path, photo_file)
    done = deblurgan("run", *(tmp_path / name for name in names), photo_file, "-o", tmp_path / "out", "--no-guard")
    said = errors_of(done)
    assert done.returncode == 1
    assert all(name in said for name in names)
    assert said.count("\n") == len(names) + 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo_deblurred.jpg"]


def test_a_picture_of_one_pixel_works(tmp_path):
    PIL.Image.new("RGB", (1, 1), (10, 200, 30)).save(tmp_path / "dot.png")
    assert deblurgan("run", tmp_path / "dot.png").returncode == 0
    assert read(tmp_path / "dot_deblurred.png").pixels.shape == (1, 1, 3)


def test_a_folder_without_pictures_fails_in_one_sentence(tmp_path):
    done = deblurgan("run", tmp_path)
    assert done.returncode == 1
    assert "holds no pictures" in errors_of(done)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of this kind need POSIX")
def test_a_target_that_cannot_be_written_fails_in_one_sentence(photo_file, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    done = deblurgan("run", photo_file, "-o", tmp_path / "file" / "below")
    assert done.returncode == 1
    assert "cannot be written" in errors_of(done)


@pytest.mark.parametrize("option", ["--dry-run", "--json"])
def test_what_says_something_of_files_does_not_go_with_a_pipe(option):
    done = deblurgan("run", "-", option, stdin=b"")
    assert done.returncode == 2
    assert "for files" in errors_of(done)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--model", "imaginary"], "No model is called 'imaginary'"),
        (["--engine", "abacus"], "No engine is called 'abacus'"),
        (["--precision", "f8"], "No precision is called"),
        (["--tile", "many"], "Tile is 'many'"),
        (["--tile", "²"], "Tile is '²'"),
        (["--strength", "2"], "strength"),
        (["--sharpness", "2"], "No such option"),
        (["--format", "docx"], "docx"),
        (["https://example.com/a.jpg"], "save the picture first"),
        (["--suffix", "a/b"], "The suffix 'a/b' is no part of a name"),
        (["--overwrite", "--skip-existing"], "contradict each other"),
        (["--dry-run", "--json"], "leave --json out"),
        (["--cluster", ""], "An empty name"),
    ],
)
def test_wrong_usage_is_code_2_in_few_words(photo_file, arguments, says):
    done = deblurgan("run", photo_file, *arguments)
    assert done.returncode == 2
    assert says in errors_of(done)
    assert [path.name for path in photo_file.parent.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize("arguments", [["run", ""], ["run", "photo.jpg", ""], ["run", "photo.jpg", "-o", ""]])
def test_an_empty_name_is_not_the_current_folder(photo_file, arguments, monkeypatch):
    monkeypatch.chdir(photo_file.parent)
    done = deblurgan(*arguments)
    assert done.returncode == 2
    assert "empty name" in errors_of(done)
    assert [path.name for path in photo_file.parent.iterdir()] == ["photo.jpg"]


def test_two_inputs_for_one_output_are_refused_before_any_work(photo_file, tmp_path):
    other = tmp_path / "other" / "photo.jpg"
    other.parent.mkdir()
    shutil.copy(photo_file, other)
    done = deblurgan("run", photo_file, other, "-o", tmp_path / "out")
    assert done.returncode == 2
    assert "would both become" in errors_of(done)
    assert not (tmp_path / "out").exists()


def test_an_input_is_not_overwritten_by_its_result(photo_file):
    before = photo_file.read_bytes()
    done = deblurgan("run", photo_file, "--suffix", "")
    assert done.returncode == 2
    assert "would be overwritten" in errors_of(done)
    assert photo_file.read_bytes() == before


def _srgb():
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exif_with_artist():
    tags = PIL.Image.Exif()
    tags[0x013B] = "A. Photographer"
    return tags.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("closed", "arguments", "code"),
    [("2>&-", "photo.jpg", 0), (">&-", "photo.jpg", 0), ("<&-", "-", 2), (">&-", "- < photo.jpg", 2)],
)
def test_a_closed_standard_stream_costs_no_photograph(closed, arguments, code, photo_file):
    command = f"{sys.executable} -m deblurgan run {arguments} {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=photo_file.parent, capture_output=True, timeout=120)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert photo_file.with_name("photo_deblurred.jpg").exists() is (code == 0)


def test_an_empty_file_does_not_pass_for_a_result(photo_file):
    photo_file.with_name("photo_deblurred.jpg").write_bytes(b"")
    done = deblurgan("run", photo_file, "--skip-existing")
    assert done.returncode == 1
    assert "photo_deblurred.jpg is there but empty; remove it" in errors_of(done)
