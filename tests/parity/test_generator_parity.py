"""Generators from official checkpoints give what the official ones gave for the same weights."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("safetensors")

from reference_weights import fill  # noqa: E402

from deblurgan import networks  # noqa: E402
from deblurgan.errors import BrokenModel  # noqa: E402
from deblurgan.networks.official import layout  # noqa: E402

HERE = Path(__file__).parent
NAMES = ("fpn_mobilenet", "fpn_inception")


def official_keys(name):
    return json.loads((HERE / f"ref_keys_{name}.json").read_text())


def official_weights(name):
    """The reference weights in official order, aliases sharing the tensors they alias."""
    tensors = {each.name: each for each in layout(networks.build(name))}
    weights = {}
    for key, shape in official_keys(name).items():
        original = tensors[key.removeprefix("module.")].alias_of
        weights[key] = (
            weights[f"module.{original}"]
            if original
            else torch.from_numpy(fill(key.removeprefix("module."), tuple(shape)))
        )
    return weights


@pytest.fixture(scope="module", params=NAMES)
def checkpoint(request, tmp_path_factory):
    """(name, path) of a file as the official code leaves it."""
    path = tmp_path_factory.mktemp("official") / f"{request.param}.h5"
    torch.save({"model": official_weights(request.param)}, path)
    return request.param, path


@pytest.mark.parametrize(("statistics", "expected"), [("image", "output_per_image"), ("running", "output_eval")])
def test_restored_pictures_are_the_official_ones(checkpoint, statistics, expected):
    name, path = checkpoint
    network = networks.load(path, statistics=statistics)
    reference = np.load(HERE / f"generator_{name}.npz")
    with torch.inference_mode():
        restored = network(torch.from_numpy(reference["input"])).numpy()
    assert network.architecture == name
    np.testing.assert_allclose(restored, reference[expected], atol=1e-4)


def test_names_order_shapes_and_values_survive_the_way_there_and_back(checkpoint, tmp_path):
    name, path = checkpoint
    networks.save(networks.load(path), tmp_path / "ours.safetensors")
    dead = networks.read_official(path)
    networks.save_official(networks.load(tmp_path / "ours.safetensors"), tmp_path / "back.pth", dead)
    content = torch.load(tmp_path / "back.pth", weights_only=True)
    assert list(content) == ["model"]
    written, expected = content["model"], official_keys(name)
    assert [(key, list(value.shape)) for key, value in written.items()] == list(expected.items())
    assert all(torch.equal(value, dead[key.removeprefix("module.")]) for key, value in written.items())


@pytest.mark.parametrize(
    ("name", "gmacs", "parameters"),
    [
        ("fpn_mobilenet", 38.94, 2_106_627),
        ("fpn_inception", 273.93, 35_840_099),
        ("fpn_mobilenet_dsc", 10.04, 1_185_987),
        ("fpn_inception_simple", 228.35, None),
        ("fpn_dense", 150.43, 10_118_275),
        ("unet_seresnext", 321.89, None),
        ("resnet", 712.30, 11_378_179),
    ],
)
def test_cost_and_size_are_the_official_ones(name, gmacs, parameters):
    with torch.device("meta"):
        network = networks.build(name)
    # A block of 32 pads the frame to the 736x1280 that the official figures are for.
    assert networks.macs_per_pixel(network, 32) * 736 * 1280 / 1e9 == pytest.approx(gmacs, rel=1e-3)
    if parameters:
        assert sum(weights.numel() for weights in network.parameters()) == parameters
        assert networks.live_parameters(network) == parameters


@pytest.mark.parametrize(
    ("name", "printed"), [("fpn_mobilenet", 43.75), ("fpn_inception", 411.34), ("fpn_mobilenet_dsc", 14.83)]
)
def test_the_paper_s_cost_is_nearly_the_true_one_with_the_backbone_counted_twice(name, printed):
    with torch.device("meta"):
        network = networks.build(name)
    twice = networks.macs_per_pixel(network, 32) + networks.macs_per_pixel(network, 32, part="backbone")
    assert twice * 736 * 1280 / 1e9 == pytest.approx(printed, rel=0.02)


def test_weights_that_no_output_depends_on_are_not_counted_as_live():
    network = networks.build("fpn_plain", channels=(8, 16), depths=(1, 1), decoder_depths=(1,))
    live = networks.live_parameters(network)
    assert live == sum(weights.numel() for weights in network.parameters())
    network.unused = torch.nn.Linear(3, 5)
    assert networks.live_parameters(network) == live


def mobilenet_weights():
    return {key.removeprefix("module."): value for key, value in official_weights("fpn_mobilenet").items()}


def test_a_bare_state_dict_without_prefix_aliases_or_dead_layers_is_read(tmp_path):
    needed = {each.name for each in layout(networks.build("fpn_mobilenet")) if each.ours and not each.alias_of}
    weights = {key: value for key, value in mobilenet_weights().items() if key in needed}
    torch.save(weights, tmp_path / "bare.pth")
    assert networks.load(tmp_path / "bare.pth").architecture == "fpn_mobilenet"


def test_batch_normalisation_in_the_decoder_is_told_from_the_names(tmp_path):
    network = networks.build("fpn_mobilenet", normalisation="batch")
    networks.save_official(network, tmp_path / "batch.h5")
    read = networks.load(tmp_path / "batch.h5")
    assert read.options == {"normalisation": "batch"}
    networks.save(read, tmp_path / "batch.safetensors")
    assert networks.load(tmp_path / "batch.safetensors").state_dict().keys() == network.state_dict().keys()


def test_a_wrong_name_is_told_with_the_nearest_one(tmp_path):
    weights = mobilenet_weights()
    weights["final.wieght"] = weights.pop("final.weight")
    torch.save(weights, tmp_path / "wrong.pth")
    with pytest.raises(BrokenModel, match=r"fpn_mobilenet.*1 missing \(final.weight, nearest final.wieght\)"):
        networks.load(tmp_path / "wrong.pth")


def test_a_wrong_shape_is_told(tmp_path):
    weights = mobilenet_weights()
    weights["final.bias"] = torch.zeros(4)
    torch.save(weights, tmp_path / "wrong.pth")
    with pytest.raises(BrokenModel, match=r"1 unexpected \(final.bias"):
        networks.load(tmp_path / "wrong.pth")


def test_aliases_that_differ_are_refused(tmp_path):
    weights = mobilenet_weights()
    weights["fpn.enc0.0.0.weight"] = weights["fpn.enc0.0.0.weight"] + 1
    torch.save(weights, tmp_path / "wrong.pth")
    with pytest.raises(BrokenModel, match="two versions"):
        networks.load(tmp_path / "wrong.pth")


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n" + bytes(100), b"not weights at all"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    for name in ("wrong.h5", "wrong.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BrokenModel, match="wrong"):
            networks.load(tmp_path / name)


def test_something_else_than_tensors_is_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "wrong.pth")
    with pytest.raises(BrokenModel, match="no weights by name"):
        networks.load(tmp_path / "wrong.pth")
    with pytest.raises(BrokenModel, match="no file"):
        networks.load(tmp_path / "missing.pth")


def test_what_the_official_code_does_not_have_is_not_written(tmp_path):
    for name in ("fpn_mobilenet_dsc", "resnet", "fpn_plain"):
        with pytest.raises(BrokenModel, match="official layout"):
            networks.save_official(networks.build(name), tmp_path / "none.h5")
