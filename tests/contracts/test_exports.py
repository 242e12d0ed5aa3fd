"""Networks with timm's backbones export to a model folder that every engine runs at any size."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnxscript")

from deblurgan.engines import ENGINES, open_engine  # noqa: E402
from deblurgan.networks import build  # noqa: E402
from deblurgan.networks.rounding import decoder_bears_bf16  # noqa: E402
from deblurgan.restore import load  # noqa: E402
from deblurgan.restore_options import RestoreOptions  # noqa: E402
from deblurgan.training.export import export, manifest_of  # noqa: E402

FAMILIES = ("resnet18", "mobilenetv3_small_050", "efficientnet_b0", "convnext_atto", "regnetx_002", "vgg11_bn")
NETWORKS = {
    "resnet": ("resnet", {"blocks": 1}),
    "mobilenet": ("fpn_mobilenet_dsc", {}),
    **{family: ("fpn", {"backbone": f"timm:{family}", "width": 16}) for family in FAMILIES},
}
SMALL = {"backbone": "timm:mobilenetv3_small_050", "width": 16}
ENGINES_HERE = [name for name, entry in ENGINES.items() if entry.installed]


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_exported_restores_any_size_alike_in_every_engine(name, tmp_path, scene):
    architecture, options = NETWORKS[name]
    torch.manual_seed(0)
    network = build(architecture, **options)
    facts = manifest_of(network, None, name=name)
    assert (facts.statistics, facts.tiling, facts.options) == ("per-image", "whole", options)
    model, restored = export(network, facts, tmp_path), {}
    for engine in ENGINES_HERE:
        restorer = load(str(model.path), engine=engine, threads=1, precision="f32")
        # Without variance, normalisation shows nothing but the rounding: only the shape is certain.
        assert restorer(scene[:1, :1]).pixels.shape == (1, 1, 3)
        assert restorer(scene[:1, :90]).pixels.shape == (1, 90, 3)
        # Random networks do harm, which the guard would hide.
        restored[engine] = restorer(scene[:70], RestoreOptions(guard=False)).pixels.astype(int)
        restorer.close()
    reference = restored[ENGINES_HERE[0]]
    assert reference.shape == (70, 128, 3)
    assert all(np.abs(result - reference).max() <= 1 for result in restored.values())


@pytest.fixture(scope="module")
def in_parts(tmp_path_factory):
    torch.manual_seed(0)
    network = build("fpn", **SMALL)
    return export(network, manifest_of(network, None, name="parts"), tmp_path_factory.mktemp("parts"))


def test_only_a_decoder_that_bears_rounding_may_compute_in_bf16(in_parts):
    assert in_parts.manifest.files.keys() == {"onnx", "backbone", "decoder"}
    assert (in_parts.path / "decoder.onnx").stat().st_size < (in_parts.path / "model.onnx").stat().st_size
    torch.manual_seed(0)
    violent = build("fpn", **SMALL).eval()
    violent.decoder.final.weight.data *= 50
    assert not decoder_bears_bf16(violent)


@pytest.mark.skipif("openvino" not in ENGINES_HERE, reason="parts are for OpenVINO")
def test_without_parts_statistics_of_the_picture_are_computed_in_float32_whatever_is_asked_for(in_parts):
    files = {"onnx": in_parts.manifest.files["onnx"]}
    model = replace(in_parts, manifest=replace(in_parts.manifest, files=files))
    assert open_engine(model, "openvino", precision="bf16").precision == "f32"


@pytest.mark.skipif("openvino" not in ENGINES_HERE, reason="parts are for OpenVINO")
@pytest.mark.parametrize(
    ("rest_in", "tolerance"),
    [("f32", 1e-4), ("bf16", 4 / 255)],
)
def test_a_network_in_two_parts_gives_what_it_gives_whole(in_parts, monkeypatch, scene, rest_in, tolerance):
    monkeypatch.setattr("deblurgan.engines.openvino_parts._PRECISIONS", ("f32", rest_in))
    whole, parts = (open_engine(in_parts, "openvino", precision=precision) for precision in ("f32", "bf16"))
    for height, width in ((64, 96), (32, 32), (96, 128)):
        batch = (scene[None, :height, :width].transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)
        difference = np.abs(parts.run(batch) - whole.run(batch))
        assert np.quantile(difference, 0.99) <= tolerance
    assert parts.precision == "bf16"
