"""Every discriminator in the table keeps the contract."""

import pytest

torch = pytest.importorskip("torch")

from deblurgan.networks import DISCRIMINATORS, build_discriminator  # noqa: E402
from deblurgan.networks.discriminators import PatchDiscriminator  # noqa: E402


@pytest.fixture(scope="module", params=DISCRIMINATORS)
def discriminator(request):
    torch.manual_seed(0)
    return build_discriminator(request.param, width=8).eval()


def scores(discriminator, pictures):
    """One tensor [N, ...] of all scores."""
    with torch.inference_mode():
        found = discriminator(pictures)
    found = found if isinstance(found, tuple) else (found,)
    return torch.cat([score.flatten(1) for score in found], dim=1)


@pytest.mark.parametrize("size", [(1, 1), (70, 33), (128, 128)])
def test_any_size_is_scored(discriminator, size):
    assert torch.isfinite(scores(discriminator, torch.rand(2, 3, *size))).all()


def test_a_batch_is_scored_as_its_pictures_alone_and_nothing_changes(discriminator):
    pictures = torch.rand(4, 3, 96, 96)
    before = {name: tensor.clone() for name, tensor in discriminator.state_dict().items()}
    alone = torch.cat([scores(discriminator, picture[None]) for picture in pictures])
    torch.testing.assert_close(scores(discriminator, pictures), alone, atol=1e-5, rtol=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in discriminator.state_dict().items())


def test_weights_can_be_saved_and_loaded(discriminator, tmp_path):
    pictures = torch.rand(1, 3, 64, 64)
    torch.save(discriminator.state_dict(), tmp_path / "weights.pt")
    before = scores(discriminator, pictures)
    for weights in discriminator.parameters():
        torch.nn.init.zeros_(weights)
    assert not torch.equal(scores(discriminator, pictures), before)
    discriminator.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(scores(discriminator, pictures), before)


@pytest.mark.parametrize(("strided", "side"), [(3, 70), (5, 286)])
def test_a_score_sees_as_far_as_it_says(strided, side):
    network = PatchDiscriminator(strided=strided, width=4, normalisation="none").eval()
    picture = torch.zeros(1, 3, 640, 640, requires_grad=True)
    scores = network(picture)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    touched = picture.grad[0].abs().sum(dim=0)
    assert network.receptive_field == side
    assert (touched.sum(dim=1) > 0).sum() == side
    assert (touched.sum(dim=0) > 0).sum() == side


def test_an_unknown_discriminator_or_option_is_refused():
    with pytest.raises(KeyError, match="known: double, global, patch"):
        build_discriminator("imaginary")
    with pytest.raises(TypeError, match="colour"):
        build_discriminator("patch", colour=3)
