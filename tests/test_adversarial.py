"""Adversarial losses pull the right way; the gradient penalty has a closed form for a linear judge."""

import pytest

torch = pytest.importorskip("torch")

from deblurgan.errors import RecipeError  # noqa: E402
from deblurgan.training.adversarial import ADVERSARIAL_LOSSES, MeanJudgement, gradient_penalty  # noqa: E402
from deblurgan.training.perceptual import PerceptualLoss, VGGFeatures, load_vgg  # noqa: E402


def judged(sharp, restored):
    means = MeanJudgement()
    means.observe(sharp, restored)
    return means.compare(sharp, restored)


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_the_discriminator_wants_sharp_above_restored_and_the_generator_the_reverse(name):
    low, high = torch.full((2, 1, 3, 3), -0.4), torch.full((2, 1, 3, 3), 0.4)
    loss = ADVERSARIAL_LOSSES[name]
    assert loss.discriminator(judged(high, low)) < loss.discriminator(judged(low, high))
    assert loss.generator(judged(high, low)) > loss.generator(judged(low, high))


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_the_generator_s_gradient_raises_the_judgement_of_restored_pictures(name):
    restored = torch.zeros(2, 1, 3, 3, requires_grad=True)
    ADVERSARIAL_LOSSES[name].generator(judged(torch.ones(2, 1, 3, 3), restored)).backward()
    assert (restored.grad < 0).all()


def test_comparing_before_observing_is_a_mistake():
    with pytest.raises(RuntimeError, match="observe"):
        MeanJudgement().compare(torch.zeros(1), torch.zeros(1))


def test_the_penalty_of_a_linear_judge_is_that_of_its_slope():
    slope = torch.randn(3, 8, 8)
    sharp, restored = torch.rand(2, 4, 3, 8, 8)
    penalty = gradient_penalty(
        lambda pictures: (pictures * slope).sum(dim=(1, 2, 3)), sharp, restored, torch.Generator()
    )
    assert float(penalty) == pytest.approx(float((slope.norm() - 1) ** 2), rel=1e-4)


def test_every_sample_of_a_batch_counts_in_the_perceptual_loss():
    loss = PerceptualLoss(VGGFeatures())
    pictures, others = torch.rand(2, 2, 3, 16, 16)
    alone = [loss(pictures[index : index + 1], others[index : index + 1]) for index in range(2)]
    torch.testing.assert_close(loss(pictures, others), sum(alone) / 2)


def test_missing_or_other_vgg_weights_are_refused_before_training(tmp_path):
    with pytest.raises(RecipeError, match="not at"):
        load_vgg(str(tmp_path / "none.pth"))
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(RecipeError, match="not VGG19"):
        load_vgg(str(tmp_path / "other.pth"))
    torch.save(VGGFeatures().state_dict() | {"classifier.6.bias": torch.zeros(1)}, tmp_path / "vgg.pth")
    assert len(load_vgg(str(tmp_path / "vgg.pth")).state_dict()) == 14


def test_vgg_weights_can_be_fetched_and_a_failure_is_told(monkeypatch):
    asked = []

    def fetch(url, **_):
        asked.append(url)
        if len(asked) > 1:
            raise OSError("no network")
        return VGGFeatures().state_dict()

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fetch)
    assert len(load_vgg("torchvision").state_dict()) == 14
    assert "vgg19" in asked[0]
    with pytest.raises(RecipeError, match="cannot be fetched"):
        load_vgg("torchvision")
