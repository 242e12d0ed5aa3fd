"""Evaluation keeps the untouched input beside every model, and says how sure a mean is."""

import dataclasses

import numpy as np
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan.errors import PairError
from deblurgan.evaluation import INPUT, Journal, bootstrap_interval, evaluate
from deblurgan.image import Image, write
from deblurgan.page import as_html
from deblurgan.pairs import find_pairs, joined_pairs
from deblurgan.report import as_markdown
from deblurgan.restore import Restorer


@pytest.fixture
def pairs(tmp_path, scene):
    sharp = scene.astype(np.float32) / 255
    for name, shift in (("one", 1), ("two", 3)):
        write(Image(pixels=np.roll(sharp, shift, axis=1)), tmp_path / f"set_{name}_blur.png")
        write(Image(pixels=sharp), tmp_path / f"set_{name}_sharp.png")
    return find_pairs(tmp_path)


class Undoing(IdentityEngine):
    """Shifts back by one pixel: cures the first picture, improves the second."""

    def run(self, batch):
        return np.roll(batch, -1, axis=3)


def test_an_identity_model_scores_what_the_input_scores(pairs):
    evaluation = evaluate(pairs, {"same": Restorer(IDENTITY, IdentityEngine())})
    assert evaluation.models == [INPUT, "same"]
    assert evaluation.values("same", "psnr") == evaluation.values(INPUT, "psnr")
    assert evaluation.gains("same", "ssim") == [0, 0]


def test_gains_are_per_picture_and_the_report_counts_the_worse(pairs):
    evaluation = evaluate(pairs, {"undo": Restorer(IDENTITY, Undoing())}, metrics=("ssim",), guard=False)
    assert all(gain > 0 for gain in evaluation.gains("undo", "ssim"))
    text = as_markdown(evaluation)
    assert f"| {pairs[0].dataset} | 2 | input |" in text
    assert "| 0, least +" in text


def test_every_result_is_handed_on(pairs):
    seen = []
    models = {"same": Restorer(IDENTITY, IdentityEngine())}
    evaluate(pairs, models, metrics=("psnr",), keep=lambda pair, model, pixels: seen.append((pair.name, model)))
    assert seen == [(name, model) for name in ("set_one", "set_two") for model in (INPUT, "same")]


@pytest.fixture
def namesakes(tmp_path, scene):
    """Two sets that call their pictures alike; those of the second are blurred more."""
    for dataset, shift in (("p1", 1), ("p2", 3)):
        for name in ("0001", "0002"):
            target = tmp_path / dataset / f"{name}_blur.png"
            write(Image(pixels=np.roll(scene, shift, axis=1)), target)
            write(Image(pixels=scene), tmp_path / dataset / f"{name}_sharp.png")
    return joined_pairs([tmp_path / "p1", tmp_path / "p2"])


def test_pictures_of_two_sets_may_be_called_alike(namesakes, tmp_path):
    journal = tmp_path / "journal"
    evaluation = evaluate(namesakes, {"same": Restorer(IDENTITY, IdentityEngine())}, journal=Journal(journal))
    assert evaluation.images("psnr", "p1") == evaluation.images("psnr", "p2") == ["0001", "0002"]
    assert len(evaluation.values("same", "psnr")) == 4
    assert evaluation.mean(INPUT, "psnr", "p1") > evaluation.mean(INPUT, "psnr", "p2")
    assert "<td>p1</td><td>0001</td><td>0001</td><td>input</td>" in as_html(evaluation, {})
    again = evaluate(namesakes, {"same": Restorer(IDENTITY, IdentityEngine())}, journal=Journal(journal))
    assert again.rows == evaluation.rows


def test_two_pairs_of_one_set_and_one_name_are_refused(pairs):
    other = dataclasses.replace(pairs[0], name=pairs[1].name)
    with pytest.raises(PairError, match=r"called set_two, of .*set_one_blur.png and of .*set_two_blur.png"):
        evaluate([other, *pairs], {})


def test_pictures_of_different_size_cost_their_own_row_only(pairs, scene):
    write(Image(pixels=scene[1:].astype(np.float32) / 255), pairs[0].sharp, overwrite=True)
    evaluation = evaluate(pairs, {"same": Restorer(IDENTITY, IdentityEngine())})
    assert evaluation.images("psnr") == ["set_two"]
    assert next(row.problem for row in evaluation.rows if row.problem).endswith("128x96 and 128x95")


def test_the_interval_of_a_constant_is_the_constant_and_holds_the_mean_otherwise():
    assert bootstrap_interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    values = np.random.default_rng(1).normal(5, 1, 200)
    low, high = bootstrap_interval(list(values))
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 200**0.5, rel=0.2)
