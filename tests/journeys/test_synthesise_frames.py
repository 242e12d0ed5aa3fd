"""Pairs out of consecutive frames, as users make them."""

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

from deblurgan import cli, extras
from deblurgan.image import read
from deblurgan.pairs import find_pairs


def call(*arguments):
    return CliRunner().invoke(cli.program, ["synthesise", *map(str, arguments)], standalone_mode=False)


@pytest.fixture
def moving(scene):
    """Nine frames of a scene that moves by 3 pixels from each to the next."""
    return [np.ascontiguousarray(np.roll(scene, 3 * number, 1)[:64, :80]) for number in range(9)]


@pytest.fixture
def frames(tmp_path, moving):
    folder = tmp_path / "clip_a"
    folder.mkdir()
    for number, frame in enumerate(moving, start=2):
        PIL.Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def video(tmp_path, moving):
    av = pytest.importorskip("av")
    pytest.importorskip("cv2")
    path = tmp_path / "walk.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("ffv1", rate=240, width=80, height=64, pix_fmt="bgr0")
        for frame in moving:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
    return path


def test_numbered_frames_become_pairs_that_are_found(frames, moving, tmp_path):
    pytest.importorskip("cv2")
    result = call(frames, "-o", tmp_path / "pairs", "--window", 3)
    assert result.exception is None
    pairs = find_pairs(tmp_path / "pairs")
    assert [pair.name for pair in pairs] == [f"clip_a_00000{number}" for number in (1, 4, 7)]
    assert {pair.sequence for pair in pairs} == {"clip_a"}
    assert result.output.split() == [str(pair.blurred) for pair in pairs]
    np.testing.assert_array_equal(np.rint(read(pairs[1].sharp).pixels * 255), moving[4])


def test_plain_averaging_gives_the_mean_of_the_frames(frames, moving, tmp_path):
    options = ("--window", 9, "--interpolate", 1, "--linear", 0, "--no-noise")
    assert call(frames, "-o", tmp_path / "pairs", *options).exception is None
    (pair,) = find_pairs(tmp_path / "pairs")
    np.testing.assert_allclose(read(pair.blurred).pixels * 255, np.mean(moving, axis=0), atol=0.51)


def test_a_video_becomes_the_pairs_that_its_frames_do(video, frames, tmp_path):
    for source, name in ((video, "of_video"), (frames, "of_frames")):
        assert call(source, "-o", tmp_path / name, "--window", "3-5", "--seed", 2).exception is None
    of_video, of_frames = (
        sorted((tmp_path / name).iterdir(), key=lambda path: path.name.split("_", 1)[1])
        for name in ("of_video", "of_frames")
    )
    assert len(of_video) == len(of_frames) > 2
    by_end = {path.name[-16:]: path.read_bytes() for path in of_frames}
    assert all(path.read_bytes() == by_end[path.name[-16:]] for path in of_video)


def test_a_video_needs_no_window_option(video, tmp_path):
    assert call(video, "-o", tmp_path / "pairs", "--interpolate", 2).exception is None
    assert find_pairs(tmp_path / "pairs")


def test_without_a_window_a_folder_holds_photographs(frames, tmp_path):
    assert call(frames, "-o", tmp_path / "pairs", "--longest", 6).exception is None
    assert len(find_pairs(tmp_path / "pairs")) == 9


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--interpolate", 4), "--interpolate is for frames"),
        (("--window", 4), "odd"),
        (("--window", 3, "--count", 2), "--count is for photographs"),
        (("--window", 11), "fewer than 11 frames"),
    ],
)
def test_options_that_do_not_fit_are_refused(frames, tmp_path, options, said):
    assert said in str(call(frames, "-o", tmp_path / "pairs", *options).exception)
    assert not (tmp_path / "pairs").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "5.png").unlink(), "4.png is followed by 6.png"),
        (lambda folder: (folder / "5.png").rename(folder / "five.png"), "no number in its name"),
        (lambda folder: (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\nno"), "3.png"),
        (lambda folder: PIL.Image.new("RGB", (20, 20)).save(folder / "3.png"), "one size"),
    ],
)
def test_a_bad_frame_is_named(frames, tmp_path, spoil, said, capsys, monkeypatch):
    spoil(frames)
    arguments = ["deblurgan", "synthesise", str(frames), "-o", str(tmp_path / "pairs"), "--window", "5"]
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit) as exit_:
        cli.main()
    assert exit_.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "pairs").exists()


def test_a_bad_clip_is_named(tmp_path):
    pytest.importorskip("av")
    pytest.importorskip("cv2")
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"no video at all")
    assert "clip.mp4 cannot be read" in str(call(clip, "-o", tmp_path / "pairs").exception)


def test_without_the_extra_its_command_is_named(frames, tmp_path, monkeypatch):
    monkeypatch.setitem(extras._MODULES, "video", ("module_that_nobody_has",))
    said = str(call(frames, "-o", tmp_path / "pairs", "--window", 3).exception)
    assert "pip install 'deblurgan[video]'" in said


def test_a_pair_is_written_whole_or_not_at_all(frames, tmp_path):
    (tmp_path / "clip_a_000001_sharp.png").touch()
    result = call(frames, "-o", tmp_path, "--window", 3, "--interpolate", 1)
    assert "exists already" in str(result.exception)
    assert not list(tmp_path.glob("*_blur.png"))
