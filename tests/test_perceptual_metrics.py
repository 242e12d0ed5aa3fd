"""LPIPS and DISTS agree with the packages of their authors, whatever weights the backbones have."""

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from deblurgan.errors import MissingExtra  # noqa: E402
from deblurgan.metrics import METRICS  # noqa: E402
from deblurgan.networks import perceptual_metrics  # noqa: E402


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty place for weights; nothing of this machine's is used, and nothing is remembered."""
    caches = ("_alexnet", "_vgg16", "_lpips_weights", "_dists_weights")
    monkeypatch.setattr(perceptual_metrics, "folder", lambda: tmp_path)
    monkeypatch.setattr(perceptual_metrics, "_package", lambda name: None)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for name in caches:
        getattr(perceptual_metrics, name).cache_clear()
    yield tmp_path
    for name in caches:
        getattr(perceptual_metrics, name).cache_clear()


@pytest.fixture
def worse(scene):
    return np.clip(scene + np.random.default_rng(0).normal(0, 20, scene.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", ["lpips", "dists"])
def test_weights_that_are_not_there_are_named_and_never_fetched(name, weights, scene):
    with pytest.raises(MissingExtra, match=f"which nothing fetches.*{weights}"):
        METRICS[name](scene, scene, data_range=255)


def test_lpips_is_that_of_its_package(weights, scene, worse):
    lpips = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    backbone = {f"features.{key.partition('.')[2]}": value for key, value in oracle.net.state_dict().items()}
    torch.save(backbone, weights / perceptual_metrics.ALEXNET)
    torch.save(oracle.state_dict(), weights / perceptual_metrics.LPIPS_WEIGHTS)
    with torch.no_grad():
        expected = oracle(
            *(torch.from_numpy(each / 127.5 - 1).float().permute(2, 0, 1)[None] for each in (scene, worse))
        )
    assert METRICS["lpips"](worse, scene, data_range=255) == pytest.approx(float(expected), rel=1e-4)
    assert METRICS["lpips"](scene, scene, data_range=255) == 0


def test_dists_of_a_picture_grows_with_its_damage(weights, scene, worse):
    torch.manual_seed(0)
    widths = [3, *(width for stage in perceptual_metrics._VGG16_STAGES for width in stage)]
    places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    backbone = {}
    for place, channels, width in zip(places, widths, widths[1:], strict=False):
        backbone[f"features.{place}.weight"] = torch.randn(width, channels, 3, 3) * (2 / 9 / channels) ** 0.5
        backbone[f"features.{place}.bias"] = torch.zeros(width)
    torch.save(backbone, weights / perceptual_metrics.VGG16)
    torch.save({"alpha": torch.rand(1, 1475, 1, 1), "beta": torch.rand(1, 1475, 1, 1)}, weights / "dists.pt")
    same, little, much = (METRICS["dists"](each, scene, data_range=255) for each in (scene, worse, 255 - scene))
    assert same == pytest.approx(0, abs=1e-5)
    assert same < little < much
