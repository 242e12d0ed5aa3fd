"""A protocol says what is missing, prints what was published, and marks both kinds of rows."""

import dataclasses
import json

import PIL.Image
import pytest

from deblurgan.evaluation import Evaluation, ModelFacts, Row
from deblurgan.metrics import METRICS
from deblurgan.pairs import LAYOUTS, find_pairs
from deblurgan.protocols import PROTOCOLS
from deblurgan.report import as_json, as_markdown


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_names_layouts_and_metrics_that_exist(name):
    protocol = PROTOCOLS[name]
    assert set(protocol.layouts) <= set(LAYOUTS)
    assert set(protocol.metrics) <= set(METRICS)
    assert protocol.published
    assert all(row.source for row in protocol.published)


def test_a_set_that_is_not_whole_is_said_to_be_so(tmp_path):
    for side in ("blur", "sharp"):
        (tmp_path / "GOPR0384_11_00" / side).mkdir(parents=True)
        PIL.Image.new("RGB", (4, 4)).save(tmp_path / "GOPR0384_11_00" / side / "000001.png")
    count, missing = PROTOCOLS["gopro"].missing(find_pairs(tmp_path, "gopro"))
    assert "has 1,111 pairs and 1 are here" in count
    assert "GOPR0881_11_01" in missing
    assert "GOPR0384_11_00" not in missing


def test_a_whole_set_lacks_nothing():
    (pair,) = [dataclasses.replace(_pair(), name=" ".join(PROTOCOLS["gopro"].sequences))]
    assert PROTOCOLS["gopro"].missing([pair] * 1111) == []


def test_frames_of_a_camera_s_path_are_counted():
    assert "fewer than 199 sharp frames" in PROTOCOLS["kohler"].missing([_pair()] * 48)[0]


def _pair():
    from pathlib import Path

    from deblurgan.pairs import Pair

    return Pair("1_1", "set", "1", Path("b.png"), Path("s.png"))


@pytest.fixture
def evaluation():
    values = [("input", 20.0), ("ours", 21.5)]
    return Evaluation(tuple(Row("one", "set", "set", model, "psnr", value) for model, value in values))


def test_published_and_measured_rows_stand_together_and_say_what_they_are(evaluation):
    text = as_markdown(evaluation, PROTOCOLS["gopro"])
    assert "| DeblurGAN-v2 MobileNet | published | 28.17 | 0.925 | 0.06 | 43.75 | 38.94 |" in text
    assert "| ours | measured | 21.50 |" in text
    assert "backbone counts twice" in text


def test_a_column_beside_published_rows_holds_what_its_head_says():
    rows = [Row("one", "set", "set", model, "ssim", value) for model, value in (("input", 0.6), ("ours", 0.657))]
    facts = {"ours": ModelFacts("", macs_per_pixel=41336.0, backbone_macs_per_pixel=4794.0)}
    text = as_markdown(Evaluation(tuple(rows), facts), PROTOCOLS["gopro"])
    assert "| GFLOPs as printed | GMACs at 1280x736 |" in text
    assert "| ours | measured | - | 0.6570 | - | 43.46 | 38.94 | this machine, 1 pictures, no PSNR, ssim |" in text


def test_published_rows_are_in_the_json_too(evaluation):
    content = json.loads(as_json(evaluation, PROTOCOLS["dvd"]))
    assert content["published"][-1]["psnr"] == 28.54
    assert content["rows"][1]["value"] == 21.5
