"""Evaluation keeps the untouched input beside every model, and says how sure a mean is."""

import numpy as np
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan.evaluation import INPUT, bootstrap_interval, evaluate
from deblurgan.image import Image, write
from deblurgan.pairs import find_pairs
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
