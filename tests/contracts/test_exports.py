"""Networks with timm's backbones export to a model folder that every engine runs at any size."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("onnxscript")

from deblurgan.engines import ENGINES  # noqa: E402
from deblurgan.networks import build  # noqa: E402
from deblurgan.restore import RestoreOptions, load  # noqa: E402
from deblurgan.training.export import export, manifest_of  # noqa: E402

FAMILIES = ("resnet18", "mobilenetv3_small_050", "efficientnet_b0", "convnext_atto", "regnetx_002", "vgg11_bn")
NETWORKS = {
    "resnet": ("resnet", {"blocks": 1}),
    "mobilenet": ("fpn_mobilenet_dsc", {}),
    **{family: ("fpn", {"backbone": f"timm:{family}", "width": 16}) for family in FAMILIES},
}
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
        restorer = load(str(model.path), engine=engine, threads=1)
        # Without variance, normalisation shows nothing but the rounding: only the shape is certain.
        assert restorer(scene[:1, :1]).pixels.shape == (1, 1, 3)
        assert restorer(scene[:1, :90]).pixels.shape == (1, 90, 3)
        # Random networks do harm, which the guard would hide.
        restored[engine] = restorer(scene[:70], RestoreOptions(guard=False)).pixels.astype(int)
        restorer.close()
    reference = restored[ENGINES_HERE[0]]
    assert reference.shape == (70, 128, 3)
    assert all(np.abs(result - reference).max() <= 1 for result in restored.values())
