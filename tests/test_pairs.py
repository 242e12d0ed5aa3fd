"""Pairs are matched by name; uneven sets are refused with the names."""

import PIL.Image
import pytest

from deblurgan.errors import PairError
from deblurgan.pairs import find_pairs, joined_pairs


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (4, 4)).save(path)


# Each layout: its files, and (name, sequence, blurred file, sharp file) of one pair.
PUBLISHED = {
    "suffix": (
        ["gopro_17_blur.png", "gopro_17_sharp.webp", "gopro_18_blur.png", "gopro_18_sharp.png", "other.png"],
        ("gopro_17", "gopro", "gopro_17_blur.png", "gopro_17_sharp.webp"),
    ),
    "gopro": (
        [f"train/GOPR1/{side}/00{n}.png" for side in ("blur", "blur_gamma", "sharp") for n in (1, 2)],
        ("train/GOPR1/001", "train/GOPR1", "train/GOPR1/blur/001.png", "train/GOPR1/sharp/001.png"),
    ),
    "gopro_gamma": (
        [f"GOPR1/{side}/00{n}.png" for side in ("blur_gamma", "sharp") for n in (1, 2)],
        ("GOPR1/001", "GOPR1", "GOPR1/blur_gamma/001.png", "GOPR1/sharp/001.png"),
    ),
    "pairs": (
        [f"test/{side}/{n}.png" for side in ("input", "target") for n in "ab"],
        ("test/a", "test", "test/input/a.png", "test/target/a.png"),
    ),
    "dvd": (
        [f"IMG_1/{side}/0000{n}.jpg" for side in ("input", "GT") for n in (0, 1)],
        ("IMG_1/00000", "IMG_1", "IMG_1/input/00000.jpg", "IMG_1/GT/00000.jpg"),
    ),
    "reds": (
        [f"val/val_{side}/003/0000000{n}.png" for side in ("blur", "sharp") for n in (0, 1)],
        ("val/003/00000000", "val/003", "val/val_blur/003/00000000.png", "val/val_sharp/003/00000000.png"),
    ),
    "rsblur": (
        ["0001/000002/real_blur/real_blur.png", "0001/000002/gt/gt_sharp.png"],
        ("0001/000002", "0001", "0001/000002/real_blur/real_blur.png", "0001/000002/gt/gt_sharp.png"),
    ),
    "hide": (
        ["test/test-close-ups/1fromA.png", "test/test-long-shot/2fromB.png", "GT/1fromA.png", "GT/2fromB.png"],
        ("1fromA", "1fromA", "test/test-close-ups/1fromA.png", "GT/1fromA.png"),
    ),
}


@pytest.mark.parametrize("layout", PUBLISHED)
@pytest.mark.parametrize("asked", ["auto", "by name"])
def test_a_published_layout_is_found(layout, asked, tmp_path):
    files, (name, sequence, blurred, sharp) = PUBLISHED[layout]
    make(tmp_path, *files)
    first = find_pairs(tmp_path, layout if asked == "by name" else "auto")[0]
    assert (first.name, first.sequence) == (name, sequence)
    assert (first.blurred, first.sharp) == (tmp_path / blurred, tmp_path / sharp)


def test_the_archive_of_interpolated_frames_is_two_trees(tmp_path):
    make(tmp_path, *(f"train/{side}/IMG_7/003953_17.png" for side in ("blur", "sharp")))
    (pair,) = find_pairs(tmp_path)
    assert (pair.name, pair.sequence) == ("train/IMG_7/003953_17", "train/IMG_7")


def test_realblur_is_named_by_its_lists(tmp_path):
    make(tmp_path, "scene001/gt/gt_1.png", "scene001/blur/blur_1.png")
    (tmp_path / "RealBlur_J_test_list.txt").write_text("scene001/gt/gt_1.png scene001/blur/blur_1.png\n\n")
    for source in (tmp_path, tmp_path / "RealBlur_J_test_list.txt"):
        (pair,) = find_pairs(source)
        assert (pair.sequence, pair.sharp.name, pair.blurred.name) == ("scene001", "gt_1.png", "blur_1.png")


@pytest.mark.parametrize(("line", "says"), [("one.png", "line 1"), ("a.png b.png", "does not exist")])
def test_a_wrong_line_of_a_list_is_named(tmp_path, line, says):
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(PairError, match=says):
        find_pairs(tmp_path / "list.txt")


def test_a_video_is_not_taken_for_a_list(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    with pytest.raises(PairError, match=r"clip\.mp4 is a video, no list of pairs; evaluate --video"):
        find_pairs(tmp_path / "clip.mp4")


def test_names_from_a_list_are_relative_lead_nowhere_else_and_differ(tmp_path):
    names = ["lists/x_blur", "lists/one/x_blur", "one/x_blur.png", "one/x_blur.jpg", "two/x_blur"]
    files = [tmp_path / (name if "." in name else f"{name}.png") for name in names]
    make(tmp_path, "sharp.png", *files)
    words = ["x_blur.png", "one/../one/x_blur.png", "../one/x_blur.png", "../one/x_blur.jpg", files[4]]
    (tmp_path / "lists" / "all.txt").write_text("".join(f"../sharp.png {word}\n" for word in words))
    pairs = find_pairs(tmp_path / "lists" / "all.txt")
    assert {pair.name: pair.blurred.resolve() for pair in pairs} == dict(zip(names, files, strict=True))


def test_names_from_a_list_beside_its_pictures_are_as_they_stand_there(tmp_path, monkeypatch):
    make(tmp_path / "elsewhere", "blur/1.png")
    make(tmp_path / "set", "gt.png", "scene2/blur/1.png")
    (tmp_path / "set" / "scene1").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set" / "all.txt").write_text("gt.png scene1/blur/1.png\ngt.png ./scene2/blur/1.png\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = {pair.name: pair.sequence for pair in find_pairs("../set/all.txt")}
    assert found == {"scene1/blur/1": "scene1", "scene2/blur/1": "scene2"}


def test_clips_of_reds_that_both_parts_number_alike_are_two(tmp_path):
    make(tmp_path, *(f"{part}_{side}/000/01.png" for part in ("train", "val") for side in ("blur", "sharp")))
    pairs = find_pairs(tmp_path)
    assert [(pair.name, pair.sequence) for pair in pairs] == [
        ("train/000/01", "train/000"),
        ("val/000/01", "val/000"),
    ]


def test_sets_of_one_name_are_told_apart_where_their_pairs_are_called_alike(tmp_path):
    for name in ("a/set/1", "b/set/1", "a/more/1", "b/more/2", "alone/1"):
        make(tmp_path, f"{name}_blur.png", f"{name}_sharp.png")
    a, b = (tmp_path / name / "set" for name in "ab")
    sources = [a, b, tmp_path / "a/more", tmp_path / "b/more", tmp_path / "alone"]
    found = [(pair.dataset, pair.name) for pair in joined_pairs(sources)]
    assert found == [(f"set of {a}", "1"), (f"set of {b}", "1"), ("more", "1"), ("more", "2"), ("alone", "1")]


def test_a_picture_without_partner_is_named(tmp_path):
    make(tmp_path, "input/a.png", "target/a.png", "input/b.png")
    with pytest.raises(PairError, match=r"no partner.*b"):
        find_pairs(tmp_path)


@pytest.mark.parametrize(("folder", "layout", "says"), [("no", "auto", "not a folder"), (".", "odd", "No layout")])
def test_a_wrong_folder_or_layout_is_refused(tmp_path, folder, layout, says):
    with pytest.raises(PairError, match=says):
        find_pairs(tmp_path / folder, layout)


def test_a_folder_without_pairs_says_what_was_expected(tmp_path):
    make(tmp_path, "a.png")
    with pytest.raises(PairError, match="NAME_blur"):
        find_pairs(tmp_path)


@pytest.mark.parametrize("layout", ["suffix", "gopro", "hide", "rsblur"])
def test_a_folder_given_by_a_dot_is_a_set_of_its_own_name(layout, tmp_path, monkeypatch):
    make(tmp_path / "mine", *(name.removeprefix("train/") for name in PUBLISHED[layout][0]))
    monkeypatch.chdir(tmp_path / "mine")
    (tmp_path / "mine" / "below").mkdir()
    for folder in (".", "below/.."):
        assert {pair.dataset for pair in find_pairs(folder, layout)} == {"mine"}
