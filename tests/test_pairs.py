"""Pairs are matched by name; uneven sets are refused with the names."""

import PIL.Image
import pytest

from deblurgan.errors import PairError
from deblurgan.pairs import find_pairs


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (4, 4)).save(path)


def test_names_with_blur_and_sharp_side_by_side(tmp_path):
    make(tmp_path, "gopro_1_blur.png", "gopro_1_sharp.png", "reds_7_blur.webp", "reds_7_sharp.png", "other.png")
    pairs = find_pairs(tmp_path)
    assert [(pair.name, pair.dataset) for pair in pairs] == [("gopro_1", "gopro"), ("reds_7", "reds")]
    assert pairs[1].sharp == tmp_path / "reds_7_sharp.png"


def test_folders_of_sequences_as_in_gopro(tmp_path):
    make(tmp_path, *(f"GOPR1/{side}/{frame}.png" for side in ("blur", "sharp") for frame in ("01", "02")))
    assert [pair.name for pair in find_pairs(tmp_path)] == ["GOPR1/01", "GOPR1/02"]


def test_folders_called_input_and_target(tmp_path):
    make(tmp_path, "input/a.png", "target/a.png")
    (pair,) = find_pairs(tmp_path)
    assert (pair.name, pair.blurred.parent.name) == ("a", "input")


def test_a_picture_without_partner_is_named(tmp_path):
    make(tmp_path, "input/a.png", "target/a.png", "input/b.png")
    with pytest.raises(PairError, match=r"no partner.*b"):
        find_pairs(tmp_path)


@pytest.mark.parametrize(
    ("folder", "layout", "says"), [("none", "auto", "not a folder"), (".", "odd", "No layout")]
)
def test_a_wrong_folder_or_layout_is_refused(tmp_path, folder, layout, says):
    with pytest.raises(PairError, match=says):
        find_pairs(tmp_path / folder, layout)


def test_a_folder_without_pairs_says_what_was_expected(tmp_path):
    make(tmp_path, "a.png")
    with pytest.raises(PairError, match="NAME_blur"):
        find_pairs(tmp_path)
