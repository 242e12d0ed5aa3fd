"""Losses agree with what the official code computed for the same judgements and pictures."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from reference_weights import fill  # noqa: E402

from deblurgan.training.adversarial import ADVERSARIAL_LOSSES, MeanJudgement  # noqa: E402
from deblurgan.training.perceptual import PerceptualLoss, VGGFeatures  # noqa: E402


@pytest.fixture(scope="module")
def reference():
    return dict(np.load(Path(__file__).parent / "discriminator_and_losses.npz"))


@pytest.mark.parametrize("name", ["ragan_ls", "ragan"])
@pytest.mark.parametrize("scale", ["patch", "full"])
def test_the_official_pools_are_a_running_mean(reference, name, scale):
    first = torch.from_numpy(reference[f"d_{scale}_real"]), torch.from_numpy(reference[f"d_{scale}_fake"])
    loss, means, values = ADVERSARIAL_LOSSES[name], MeanJudgement(50), []
    for sharp, restored in (first, first[::-1]):
        means.observe(sharp, restored)
        judged = means.compare(sharp, restored)
        values += [float(loss.discriminator(judged)), float(loss.generator(judged))]
    np.testing.assert_allclose(values, reference[f"{name}_{scale}_sequence"], rtol=1e-5)


def test_the_content_loss_has_the_official_scale(reference):
    extractor = VGGFeatures()
    extractor.load_state_dict(
        {
            key: torch.from_numpy(fill(f"vgg19.{key}", tuple(old.shape)))
            for key, old in extractor.state_dict().items()
        }
    )
    fake, real = (torch.from_numpy(reference[key].astype(np.float32)) / 2 + 0.5 for key in ("fake", "real"))
    loss = PerceptualLoss(extractor)
    features, pixels = loss.distances(fake, real)
    assert float(features) == pytest.approx(float(reference["content_feature_mse"]), rel=1e-5)
    assert float(pixels) == pytest.approx(float(reference["content_pixel_mse_imagenet"]), rel=1e-5)
    assert float(loss(fake, real)) == pytest.approx(float(reference["content_total"]), rel=1e-5)
