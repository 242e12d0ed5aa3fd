"""Bad input costs its own rows only; folders of pictures compete; of many sharp frames the best counts."""

import math

import numpy as np
import PIL.Image
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan.errors import UnknownModel
from deblurgan.evaluation import INPUT, Journal, PictureFolder, evaluate
from deblurgan.evaluation.contestants import picture_folder
from deblurgan.pairs import find_pairs, survey
from deblurgan.report import as_json, as_markdown
from deblurgan.restore import Restorer


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path, scene):
    """Three pairs in two sequences."""
    for name in ("clip1/blur/01", "clip1/blur/02", "clip2/blur/01"):
        save(tmp_path / "set" / f"{name}.png", np.roll(scene, 2, axis=1))
        save(tmp_path / "set" / f"{name.replace('blur', 'sharp')}.png", scene)
    return tmp_path / "set"


@pytest.fixture
def same():
    return {"same": Restorer(IDENTITY, IdentityEngine())}


def test_sequences_are_named_and_have_means_of_their_own(folder, same):
    evaluation = evaluate(find_pairs(folder), same)
    assert evaluation.datasets == ["set"]
    assert evaluation.sequences("set") == ["clip1", "clip2"]
    assert "| set | clip1 | 2 | same |" in as_markdown(evaluation)


def test_an_unreadable_picture_is_marked_and_the_rest_measured(folder, same):
    (folder / "clip1/blur/02.png").write_bytes(b"not a picture")
    evaluation = evaluate(find_pairs(folder), same)
    assert evaluation.images("psnr") == ["clip1/01", "clip2/01"]
    assert "same: 1 pictures without a figure: psnr:" in as_markdown(evaluation)


def test_a_picture_smaller_than_a_window_lacks_that_figure_only(folder, same):
    evaluation = evaluate(find_pairs(folder), same, metrics=("psnr", "ms_ssim"))
    assert len(evaluation.images("psnr")) == 3
    assert math.isnan(evaluation.mean("same", "ms_ssim"))
    assert "needs at least 176 pixels" in as_markdown(evaluation)


def test_a_metric_whose_extra_is_absent_leaves_the_others(folder, same, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    evaluation = evaluate(find_pairs(folder), same, metrics=("aligned_psnr", "psnr"))
    assert "pip install 'deblurgan[evaluate]'" in as_markdown(evaluation)
    assert len(evaluation.values("same", "psnr")) == 3


def test_a_picture_without_partner_is_named_and_the_rest_found(folder):
    (folder / "clip1/sharp/02.png").unlink()
    found = survey(folder)
    assert [pair.name for pair in found.pairs] == ["clip1/01", "clip2/01"]
    assert found.lonely == ("clip1/02",)


def test_an_output_equal_to_the_sharp_picture_is_valid_json(folder, scene):
    pairs = find_pairs(folder)
    perfect = PictureFolder(folder, {pair.name: pair.sharp for pair in pairs})
    evaluation = evaluate(pairs, {"perfect": perfect})
    assert '"value": "inf"' in as_json(evaluation)
    assert "| perfect | inf |" in as_markdown(evaluation)


@pytest.mark.parametrize(
    "names",
    [
        ("clip1/01.png", "clip1/02.png", "clip2/01.png"),
        ("clip1/blur/01_deblurred.png", "clip1/blur/02_deblurred.png", "clip2/blur/01_deblurred.png"),
    ],
)
def test_pictures_of_another_program_are_matched_by_name(names, folder, tmp_path, scene):
    for name in names:
        save(tmp_path / "theirs" / name, scene)
    theirs = picture_folder(tmp_path / "theirs", find_pairs(folder))
    assert sorted(theirs.pictures) == ["clip1/01", "clip1/02", "clip2/01"]


def test_a_name_that_two_pairs_share_matches_neither(folder, tmp_path, scene):
    save(tmp_path / "theirs" / "01.png", scene)
    save(tmp_path / "theirs" / "02.png", scene)
    pairs = find_pairs(folder)
    theirs = picture_folder(tmp_path / "theirs", pairs)
    assert list(theirs.pictures) == ["clip1/02"]
    evaluation = evaluate(pairs, {"theirs": theirs})
    assert evaluation.images("psnr") == ["clip1/02"]
    assert evaluation.seconds("theirs") is None
    assert "has no picture for it" in as_markdown(evaluation)


def test_a_folder_that_belongs_to_other_pairs_is_refused(folder, tmp_path, scene):
    save(tmp_path / "theirs" / "holiday.png", scene)
    with pytest.raises(UnknownModel, match="no picture of it has the name of a pair"):
        picture_folder(tmp_path / "theirs", find_pairs(folder))


def test_of_a_camera_s_path_the_best_frame_counts(tmp_path, scene):
    save(tmp_path / "Blurry1_2.png", scene)
    for frame, shift in ((1, 3), (2, 0), (10, 1)):
        save(tmp_path / "frames" / f"GroundTruth1_2_{frame}.png", np.roll(scene, shift, axis=1))
    (pair,) = find_pairs(tmp_path, "kohler")
    assert [path.stem for path in (pair.sharp, *pair.more_sharp)] == [f"GroundTruth1_2_{n}" for n in (1, 2, 10)]
    assert evaluate([pair], {}).values(INPUT, "ssim") == [1.0]


def test_without_a_place_for_the_journal_everything_is_measured_and_one_sentence_says_so(
    folder, same, tmp_path, caplog
):
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file" / "journal")
    assert len(evaluate(find_pairs(folder), same, journal=journal).images("psnr")) == 3
    journal.finish()
    (message,) = caplog.messages
    assert "file/journal cannot be used (File exists): if this evaluation is stopped, it begins anew" in message


def test_what_a_journal_holds_is_not_measured_again(folder, same, tmp_path):
    class Refusing(IdentityEngine):
        def run(self, batch):
            raise AssertionError("measured again")

    journal = tmp_path / "journal"
    first = evaluate(find_pairs(folder), same, journal=Journal(journal))
    # As if the program had been killed while it wrote.
    journal.write_text(journal.read_text("utf-8") + '{"image": "half', "utf-8")
    again = evaluate(find_pairs(folder), {"same": Restorer(IDENTITY, Refusing())}, journal=Journal(journal))
    assert again.rows == first.rows
