"""The generator starts as the identity, obeys its size rule and reaches as far as it says."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from deblurgan.networks import build, macs_per_pixel, noticeable_reach_of, reach_of  # noqa: E402

TINY = {"channels": (4, 4, 4), "depths": (1, 1, 1), "decoder_depths": (1, 0)}


def awake(network):
    """Weights that are not zero anywhere, so that everything takes part."""
    torch.manual_seed(0)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    return network.eval()


def test_a_new_generator_is_the_identity():
    blurred = torch.rand(1, 3, 16, 32) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(build("fpn_plain", **TINY)(blurred), blurred)


def test_an_unknown_generator_or_option_is_refused():
    with pytest.raises(KeyError, match="fpn_plain"):
        build("fpn_imaginary")
    with pytest.raises(TypeError, match="colour"):
        build("fpn_plain", colour=3)
    with pytest.raises(ValueError, match="depths"):
        build("fpn_plain", channels=(4, 4), depths=(1, 1, 1), decoder_depths=(1,))


def test_the_reach_is_where_a_change_can_be_seen():
    network = awake(build("fpn_plain", **TINY))
    reach = reach_of(network, 8)
    far = torch.zeros(1, 3, 8 * 40, 8 * 40)
    near = far.clone()
    near[..., 160:168, 160:168] = 1
    with torch.inference_mode():
        changed = (network(near) != network(far))[0].any(dim=0)
    rows = changed.any(dim=1).nonzero().flatten()
    assert reach is not None
    assert 160 - reach <= rows[0] < 160 - reach + 16
    assert 167 + reach - 16 < rows[-1] <= 167 + reach


def test_statistics_over_the_picture_have_no_bounded_reach():
    assert reach_of(torch.nn.InstanceNorm2d(3), 8) is None


def test_macs_are_counted_per_pixel():
    assert macs_per_pixel(torch.nn.Conv2d(3, 5, 3, padding=1), 8) == 3 * 5 * 9
    assert macs_per_pixel(build("fpn_plain"), 16) * 1280 * 720 == pytest.approx(56.9e9, rel=0.01)


def test_what_is_too_faint_to_be_noticed_does_not_count_as_reach():
    network = torch.nn.Conv2d(3, 3, 33, padding=16, groups=3, bias=False)
    with torch.no_grad():
        network.weight.zero_()
        network.weight[:, :, 16, 16] = 1
        network.weight[:, :, 16, 24] = 0.1
        network.weight[:, :, 0, 16] = 1e-4
    assert reach_of(network, 4) == 16
    assert noticeable_reach_of(network, 4, most=16) == 8


def test_a_batch_gives_what_its_pictures_give_alone():
    network = awake(build("fpn_plain", **TINY))
    batch = torch.from_numpy(np.random.default_rng(0).random((3, 3, 16, 24), np.float32))
    with torch.inference_mode():
        together = network(batch)
        alone = torch.cat([network(picture[None]) for picture in batch])
    torch.testing.assert_close(together, alone)


def test_a_scale_recurrent_network_sees_at_half_the_size_what_is_too_far_away():
    torch.manual_seed(0)
    twice = awake(build("fpn_plain", **TINY, recurrent_scales=2))
    wide = (build("fpn_plain", recurrent_scales=scales) for scales in (1, 2))
    cost, cost_twice = (macs_per_pixel(network, 16) for network in wide)
    assert cost_twice == pytest.approx(1.25 * cost, rel=0.05)
    reach = reach_of(twice.change_of, 8)
    assert 2 * reach < reach_of(twice, 8) < 4 * reach


@pytest.mark.parametrize("size", [(8, 8), (24, 40)])
def test_a_scale_recurrent_network_takes_sizes_whose_half_is_no_multiple(size):
    network = awake(build("fpn_plain", **TINY, recurrent_scales=3))
    picture = torch.rand(1, 3, *size) * 2 - 1
    with torch.inference_mode():
        restored = network(picture)
        shifted = network(picture.roll(1, dims=1))
    assert restored.shape == picture.shape
    assert (restored - shifted).abs().max() > 0.01


def test_a_scale_recurrent_network_cannot_enlarge():
    with pytest.raises(ValueError, match="enlarges"):
        build("fpn_plain", **TINY, scale=2, recurrent_scales=2)
