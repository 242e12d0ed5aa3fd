"""Every generator in the table, and the paper's on any backbone, keeps the contract."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from deblurgan import tiling  # noqa: E402
from deblurgan.networks import GENERATORS, build, set_statistics  # noqa: E402
from deblurgan.networks.generators import FPNGenerator  # noqa: E402
from deblurgan.networks.normalisation import uses_picture_statistics  # noqa: E402

FAMILIES = ("resnet18", "mobilenetv3_small_050", "efficientnet_b0", "convnext_atto", "regnetx_002", "vgg11_bn")


@pytest.fixture(scope="module", params=[*GENERATORS, "scale-recurrent"])
def generator(request) -> FPNGenerator:
    torch.manual_seed(0)
    if request.param == "scale-recurrent":
        return build("fpn_plain", recurrent_scales=2).eval()
    return build(request.param).eval()


def pictures(count, height, width):
    return torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (count, 3, height, width)).astype(np.float32))


def buffers(network):
    return {name: tensor.clone() for name, tensor in network.named_buffers()}


@pytest.mark.parametrize("size", [(1, 1), (33, 150)])
def test_any_size_is_restored_once_padded_by_its_rule(generator, size):
    rule = tiling.SizeRule(generator.size_multiple, generator.minimum_size)
    with torch.inference_mode():
        restored = generator(pictures(1, *rule.fit(size)))
    assert tuple(restored.shape[2:]) == rule.fit(size)
    assert torch.isfinite(restored).all()
    assert restored.abs().max() <= 1 + 1e-6 or generator.architecture == "fpn_plain"


def test_a_batch_gives_what_its_pictures_give_alone_and_changes_nothing(generator):
    # In doubles: normalisation magnifies the rounding of floats, more on some processors than on others.
    generator = copy.deepcopy(generator).double()
    batch = pictures(4, *np.maximum(generator.minimum_size, 96)).double()
    before = buffers(generator)
    with torch.inference_mode():
        together = generator(batch)
        alone = torch.cat([generator(picture[None]) for picture in batch])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.named_buffers())


def test_picture_statistics_are_those_of_official_inference_in_training_mode():
    torch.manual_seed(0)
    network = build("fpn_mobilenet")
    picture = pictures(1, 96, 64)
    with torch.no_grad():
        by_image = network.eval()(picture)
        set_statistics(network, "running")
        in_training = network.train()(picture)
    torch.testing.assert_close(by_image, in_training, atol=1e-5, rtol=0)
    assert buffers(network)["decoder.smooth.1.num_batches_tracked"] == 1


def test_statistics_can_be_switched_there_and_back():
    network = build("fpn_mobilenet_dsc", statistics="running").eval()
    assert not uses_picture_statistics(network)
    picture = pictures(1, 64, 64)
    with torch.inference_mode():
        running = network(picture)
        set_statistics(network, "image")
        by_image = network(picture)
        set_statistics(network, "running")
        assert torch.equal(network(picture), running)
    assert not torch.equal(by_image, running)


def test_statistics_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="must be one of image, running"):
        build("fpn_mobilenet", statistics="global")
    with pytest.raises(ValueError, match="tracks no statistics"):
        set_statistics(build("unet_seresnext"), "running")
    with pytest.raises(ValueError, match="must be one of instance, batch, none"):
        build("fpn_mobilenet", normalisation="layer")


def test_a_decoder_without_normalisation_is_smaller_by_nothing_but_its_buffers():
    names = {kind: set(build("fpn_mobilenet", normalisation=kind).state_dict()) for kind in ("instance", "none")}
    assert {name.rsplit(".", 1)[1] for name in names["instance"] - names["none"]} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_any_family_of_backbones_learns(family):
    torch.manual_seed(0)
    network = build("fpn", backbone=f"timm:{family}", width=16)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
    blurred, sharp = pictures(2, 64, 64) / 2, torch.zeros(2, 3, 64, 64)
    before = (network(blurred) - sharp).square().mean()
    before.backward()
    optimiser.step()
    after = (network(blurred) - sharp).square().mean()
    assert after < before
    assert all(weights.grad is not None for weights in network.decoder.parameters())


def test_a_backbone_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="known: mobilenet"):
        build("fpn", backbone="imaginary")
    with pytest.raises(ValueError, match="timm has no network called 'resnet_imaginary'"):
        build("fpn", backbone="timm:resnet_imaginary")
    with pytest.raises(ValueError, match="a pyramid needs"):
        build("fpn", backbone="timm:vit_tiny_patch16_224")
