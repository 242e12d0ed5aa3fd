"""`deblurgan run` on moving pictures, as users call it, with a network that changes nothing."""

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from clips import Recipe, make
from conftest import IDENTITY, IdentityEngine, listen_to_interrupts
from deblurgan import cli
from deblurgan.commands import contestants
from deblurgan.commands import run as run_module
from deblurgan.image import read
from deblurgan.restore import Restorer

av = pytest.importorskip("av")


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    monkeypatch.setattr(run_module, "load", lambda *_, **__: Restorer(IDENTITY, IdentityEngine()))


def deblurgan(*arguments, stdin=None):
    return CliRunner().invoke(cli.program, list(map(str, arguments)), input=stdin, standalone_mode=False)


@pytest.fixture
def clip(tmp_path):
    return make(tmp_path, Recipe("walk.mp4", frames=8))


def test_a_clip_gets_a_neighbour_beside_photos_of_the_same_batch(clip, photo_file):
    done = deblurgan("run", photo_file, clip, "--json")
    assert done.return_value == 0
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome["output"] for outcome in outcomes] == [
        str(photo_file.with_name("photo_deblurred.jpg")),
        str(clip.with_name("walk_deblurred.mp4")),
    ]
    assert (outcomes[1]["width"], outcomes[1]["height"]) == (96, 64)


def test_options_that_do_nothing_for_any_input_are_named(clip, photo_file):
    for_clips = ("--codec", "h264", "--from", "0", "--steady")
    given = deblurgan("run", photo_file, "--dry-run", *for_clips, "--size", "8x8", "--quality", 9).stderr
    assert [line.split()[1] for line in given.splitlines()] == ["--codec", "--from", "--steady", "--size"]
    assert (
        "--quality is for frames or photos; here it does nothing"
        in deblurgan("run", clip, "--dry-run", "--quality", 9).stderr
    )
    for arguments in ((photo_file, clip), (photo_file, "--quiet")):
        assert not deblurgan("run", *arguments, "--dry-run", *for_clips).stderr


def test_a_folder_holds_both_and_results_are_not_restored_again(clip, photo_file, tmp_path):
    deblurgan("run", tmp_path)
    deblurgan("run", tmp_path, "--skip-existing")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"photo.jpg", "photo_deblurred.jpg", "walk.mp4", "walk_deblurred.mp4"}


def test_the_container_follows_from_the_name_or_the_format(clip, tmp_path):
    for arguments, made in (
        (("-o", tmp_path / "a.mkv"), "a.mkv"),
        (("--format", "mov"), "walk_deblurred.mov"),
        (("--format", "png"), "walk_deblurred.mp4"),
    ):
        assert deblurgan("run", clip, *arguments).return_value == 0
        assert (tmp_path / made).exists()


def test_a_format_of_videos_says_nothing_of_photos(clip, photo_file, frames, tmp_path):
    assert deblurgan("run", clip, photo_file, "--format", "mkv").return_value == 0
    assert read(tmp_path / "photo_deblurred.jpg").format == "JPEG"
    assert (tmp_path / "walk_deblurred.mkv").exists()
    assert deblurgan("run", frames, "--frames", "--format", "mkv", "-o", tmp_path / "sharp").return_value == 0
    assert read(tmp_path / "sharp" / "9.png").format == "PNG"


def test_old_containers_become_matroska(tmp_path):
    source = make(tmp_path, Recipe("old.ts", frames=8, subtitles="", chapters=False))
    assert deblurgan("run", source).stdout.strip() == str(tmp_path / "old_deblurred.mkv")


def test_a_codec_without_encoder_becomes_another_with_a_word(tmp_path):
    source = make(
        tmp_path, Recipe("old.avi", codec="mpeg4", time_base=Fraction(1, 30), options=(), subtitles="", sound="")
    )
    assert "the film was mpeg4 and is h264 now" in deblurgan("run", source).stderr


def test_options_reach_the_encoder(clip):
    assert (
        deblurgan("run", clip, "--codec", "hevc", "--crf", "30", "--from", "0:00.1", "--to", "0.2").return_value
        == 0
    )
    with av.open(clip.with_name("walk_deblurred.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "hevc"
        assert len(list(container.decode(video=0))) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--codec", "vhs"), "vhs"),
        (("--from", "soon"), "no time such as"),
        (("--from", "3", "--to", "2"), "--from must come before --to"),
        (("--crf", "-1"), "not in the range"),
    ],
)
def test_wrong_usage_is_said_before_any_work(clip, arguments, said):
    done = deblurgan("run", clip, *arguments)
    assert said in str(getattr(done.exception, "message", done.exception))
    assert [path.name for path in clip.parent.iterdir()] == ["walk.mp4"]


SLOW = """
import os
import time
from conftest import IDENTITY, IdentityEngine
from deblurgan import cli
from deblurgan.commands import run
from deblurgan.restore import Restorer

class Slow(IdentityEngine):
    def run(self, batch):
        os.write(1, b"begun\\n")  # two threads come here
        time.sleep(0.3)
        return super().run(batch)

run.load = lambda *_, **__: Restorer(IDENTITY, Slow())
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind need POSIX")
def test_an_interrupted_run_ends_in_two_words_and_leaves_no_broken_file(clip):
    tests = Path(__file__).parents[1]
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, "run", clip],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tests), os.environ.get("PYTHONPATH", "")))},
        preexec_fn=listen_to_interrupts,
    )
    assert running.stdout.readline() == b"begun\n"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.decode().strip() == "deblurgan: interrupted"
    left = {path.name for path in clip.parent.rglob("*")}
    assert left == {"walk.mp4", ".walk_deblurred.mp4.deblurgan", "job.json"}


def test_a_dry_run_names_the_target(clip):
    assert "walk_deblurred.mp4" in deblurgan("run", clip, "--dry-run").stdout


@pytest.fixture
def frames(tmp_path, scene):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(8, 12):
        PIL.Image.fromarray(np.roll(scene, number, 1)).save(folder / f"{number}.png")
    return folder


def test_numbered_frames_keep_their_names(frames, tmp_path):
    assert deblurgan("run", frames, "--frames", "-o", tmp_path / "sharp").return_value == 0
    for path in frames.iterdir():
        np.testing.assert_array_equal(read(tmp_path / "sharp" / path.name).pixels, read(path).pixels)


def test_numbered_and_raw_frames_are_merged_with_their_neighbours_if_asked(frames, scene, tmp_path):
    pytest.importorskip("cv2")
    noise = np.random.default_rng(0).normal(0, 8, (4, *scene.shape))
    noisy = np.clip(scene + noise, 0, 255).astype(np.uint8)
    for path, pixels in zip(sorted(frames.iterdir()), noisy, strict=True):
        PIL.Image.fromarray(pixels).save(path)
    assert deblurgan("run", frames, "--frames", "--steady", "-o", tmp_path / "made").return_value == 0
    made = [read(path).pixels * 255 for path in sorted((tmp_path / "made").iterdir())]
    piped = deblurgan("run", "-", "--size", "128x96", "--steady", stdin=noisy.tobytes())
    raw = np.frombuffer(piped.stdout_bytes, np.uint8).reshape(noisy.shape)
    for result in (made, raw):
        assert (
            np.square(result - scene.astype(float)).mean() < 0.65 * np.square(noisy - scene.astype(float)).mean()
        )


def test_a_stopped_folder_goes_on(frames, tmp_path):
    deblurgan("run", frames, "--frames")
    made = tmp_path / "frames_deblurred"
    (made / "9.png").unlink()
    assert deblurgan("run", frames, "--frames").return_value == 1
    assert deblurgan("run", frames, "--frames", "--skip-existing").return_value == 0
    assert len(list(made.iterdir())) == 4


def test_a_missing_frame_is_named(frames):
    (frames / "9.png").unlink()
    done = deblurgan("run", frames, "--frames")
    assert done.return_value == 1
    assert "8.png is followed by 10.png" not in done.stdout
    assert "followed by" in done.stderr


@pytest.mark.parametrize(("pixel_format", "size"), [("rgb24", 3), ("yuv420p", 1.5), ("yuv420p10le", 3)])
def test_raw_frames_go_through_a_pipe(pixel_format, size):
    # Grey with slow changes: YUV holds it as it is.
    kind = np.uint16 if "10" in pixel_format else np.uint8
    samples = np.full(int(64 * 48 * size * 3) // kind().itemsize, 400 if kind is np.uint16 else 120, kind)
    if pixel_format == "rgb24":
        samples += np.arange(len(samples), dtype=np.uint8) % 99
    done = deblurgan("run", "-", "--size", "64x48", "--pixel-format", pixel_format, stdin=samples.tobytes())
    assert done.return_value == 0
    assert np.abs(np.frombuffer(done.stdout_bytes, kind).astype(int) - samples).max() <= 1


def test_a_pipe_that_ends_within_a_frame_gives_the_whole_ones_and_a_sentence():
    done = deblurgan("run", "-", "--size", "64x48", stdin=bytes(64 * 48 * 3 * 2 + 100))
    assert done.return_value == 1
    assert len(done.stdout_bytes) == 64 * 48 * 3 * 2
    assert "ends within a frame" in done.stderr


class Exhausted(IdentityEngine):
    """Finds no memory for even the smallest tile."""

    def run(self, batch):
        raise MemoryError


def test_where_memory_runs_out_it_is_said_and_the_rest_goes_on(frames, photo_file, monkeypatch):
    monkeypatch.setattr(run_module, "load", lambda *_, **__: Restorer(IDENTITY, Exhausted()))
    folders = deblurgan("run", frames, frames.parent / "gone", "--frames")
    assert "gone is no folder" in folders.stderr
    photo = deblurgan("run", "-", stdin=photo_file.read_bytes())
    raw = deblurgan("run", "-", "--size", "4x2", stdin=bytes(24))
    for done in (folders, photo, raw):
        assert done.return_value == 1
        assert "needs more memory than there is" in done.stderr


def test_stability_is_reported_beside_the_input(clip, monkeypatch):
    pytest.importorskip("cv2")
    monkeypatch.setattr(contestants, "open_engine", lambda *_, **__: IdentityEngine())
    done = deblurgan("evaluate", clip, "--video", "--sharp", clip, "--json", clip.with_suffix(".json"))
    assert done.return_value == 0
    assert [line.split("|")[1].strip() for line in done.stdout.splitlines()[4:]] == ["input", "default", "sharp"]
    assert json.loads(clip.with_suffix(".json").read_text())[0]["model"] == "input"
    again = deblurgan("evaluate", clip, "--video", "--json", clip.with_suffix(".json"))
    assert "exists already; add --overwrite" in str(again.exception)
