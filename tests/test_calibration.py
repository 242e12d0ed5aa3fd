"""int8: ranges from real pictures, and a network that stays within sight of its exact self."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from deblurgan import image, networks  # noqa: E402
from deblurgan.catalogue import ModelFolder, find  # noqa: E402
from deblurgan.engines import ENGINES, open_engine  # noqa: E402
from deblurgan.engines.quantisation import reach_of, rounded_weights  # noqa: E402
from deblurgan.errors import BrokenModel, UnknownEngine  # noqa: E402
from deblurgan.image import Image  # noqa: E402
from deblurgan.restore import Restorer  # noqa: E402
from deblurgan.restore_options import RestoreOptions  # noqa: E402
from deblurgan.training.calibration import calibrate, ranges_of  # noqa: E402
from deblurgan.training.export import export, manifest_of  # noqa: E402

openvino = pytest.mark.skipif(not ENGINES["openvino"].installed, reason="int8 is OpenVINO's")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    network = networks.build("fpn_plain", channels=(8, 16), depths=(1, 1), decoder_depths=(1,))
    torch.nn.init.normal_(network.get_submodule("decoder.head").weight, std=0.02)
    return export(network, manifest_of(network, None, name="small"), tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
def pictures(tmp_path, scene):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        image.write(Image(np.roll(scene, 20 * number, axis=1)), folder / f"{number}.png")
    return folder


def test_a_range_is_the_mean_of_the_extremes_that_a_convolution_saw():
    network = networks.build("fpn_plain", channels=(8, 16), depths=(1, 1), decoder_depths=(1,))
    bright, dark = np.full((64, 64, 3), 0.5, np.float32), np.full((64, 64, 3), -1.0, np.float32)
    ranges = ranges_of(network, [[bright, dark]])
    assert ranges["backbone.stem.weight"] == (-0.25, -0.25)
    assert ranges["backbone.levels.0.0.second.weight"][0] == 0
    convolutions = [name for name, weights in network.named_parameters() if weights.dim() == 4]
    assert sorted(ranges) == sorted(convolutions)


def test_of_several_kinds_of_pictures_the_widest_range_counts():
    network = networks.build("fpn_plain", channels=(8, 16), depths=(1, 1), decoder_depths=(1,))
    kinds = [[np.full((64, 64, 3), value, np.float32) for value in values] for values in ((0.5, -1.0), (1.0,))]
    assert ranges_of(network, kinds)["backbone.stem.weight"] == (-0.25, 1.0)


def test_the_passes_of_a_scale_recurrent_network_share_a_range():
    network = networks.build("fpn_plain", channels=(8, 16), depths=(1, 1), decoder_depths=(1,), recurrent_scales=2)
    steps = np.tile(np.float32([[[-1], [1]]]), (64, 32, 3))
    ranges = ranges_of(network, [[steps]])
    # At half the size, seen first, what alternates from pixel to pixel is grey.
    assert ranges["backbone.stem.weight"] == (-1, 1)
    convolutions = [name for name, weights in network.named_parameters() if weights.dim() == 4]
    assert sorted(ranges) == sorted(convolutions)


@openvino
def test_a_calibrated_model_runs_in_int8_and_stays_near_its_exact_self(model, pictures, scene):
    calibrated = calibrate(model, [pictures])
    exact, rounded = (
        Restorer(calibrated.manifest, open_engine(calibrated, "openvino", precision=precision))
        for precision in ("f32", "int8")
    )
    assert rounded.engine.precision == "int8"
    wanted, given = (
        restorer(scene, RestoreOptions(guard=False)).pixels.astype(int) for restorer in (exact, rounded)
    )
    assert 0 < np.abs(wanted - given).mean() < 0.2 * np.abs(wanted - scene).mean()


@openvino
def test_the_model_that_ships_runs_in_int8(scene):
    exact, rounded = (open_engine(find("default"), "openvino", precision=name) for name in ("f32", "int8"))
    batch = (scene[None].transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)
    error = float(np.mean((exact.run(batch) - rounded.run(batch)) ** 2))
    assert 0 < error < 4 * 10**-4.0


@openvino
@pytest.mark.parametrize("reach", [1.0, 2.0])
def test_weights_use_all_levels_or_half_of_them(reach):
    from openvino import opset13

    values = np.random.default_rng(0).normal(size=(4, 8, 3, 3)).astype(np.float32)
    picture = opset13.parameter([1, 8, 16, 16], np.float32)
    convolution = opset13.convolution(picture, rounded_weights(values, reach), [1, 1], [0, 0], [0, 0], [1, 1])
    assert reach_of(convolution) == reach
    ends = [convolution.input_value(1).get_node().input_value(place).get_node().data for place in (1, 2)]
    largest = np.abs(values).max(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(ends, [-reach * largest, reach * largest], rtol=1e-5)
    # As a network ends that was not trained yet.
    nothing = opset13.convolution(picture, rounded_weights(0 * values, reach), [1, 1], [0, 0], [0, 0], [1, 1])
    assert reach_of(nothing) == reach


@openvino
def test_a_model_without_ranges_says_how_to_get_them(model):
    files = {"onnx": model.manifest.files["onnx"]}
    bare = ModelFolder(model.path, dataclasses.replace(model.manifest, files=files))
    with pytest.raises(BrokenModel, match="has no ranges file"):
        open_engine(bare, "openvino", precision="int8")


@pytest.mark.parametrize("name", [name for name in ENGINES if name != "openvino" and ENGINES[name].installed])
def test_other_engines_refuse_int8(model, name):
    with pytest.raises(UnknownEngine, match="use openvino"):
        open_engine(model, name, precision="int8")


def test_statistics_of_the_picture_and_empty_folders_are_refused(model, tmp_path):
    per_image = ModelFolder(Path("m"), dataclasses.replace(model.manifest, statistics="per-image"))
    with pytest.raises(BrokenModel, match="statistics"):
        calibrate(per_image, [tmp_path])
    with pytest.raises(BrokenModel, match="no pictures"):
        calibrate(model, [tmp_path])
