"""The cheaper forms that engines run compute what the layers they stand for compute."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")

from torch import nn  # noqa: E402

from deblurgan.networks import as_engines_compute, build, macs_per_pixel  # noqa: E402
from deblurgan.networks.folding import enlarged, of_enlarged, of_projected, of_sum  # noqa: E402

UNFOLDED = ("fpn_mobilenet_dsc", "fpn_plain")


def close(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (7, 4)])
def test_a_convolution_of_an_enlarged_map_needs_no_enlarged_map(size):
    convolution, features = nn.Conv2d(3, 5, 3, padding=1), torch.randn(2, 3, *size)
    close(of_enlarged(convolution.weight, convolution.bias, features), convolution(enlarged(features, 2)))


def test_two_convolutions_become_one():
    convolution, projection = nn.Conv2d(6, 4, 3, padding=1, bias=False), nn.Conv2d(2, 6, 1, bias=False)
    features = torch.randn(1, 2, 5, 8)
    close(of_projected(convolution.weight, projection.weight, features), convolution(projection(features)))


@pytest.mark.parametrize("inputs", [2, 8])
def test_a_sum_is_convolved_alike_whether_its_parts_are_taken_apart_or_not(inputs):
    convolution, projection = nn.Conv2d(6, 4, 3, padding=1), nn.Conv2d(inputs, 6, 1, bias=False)
    features, coarser = torch.randn(1, inputs, 6, 8), torch.randn(1, 6, 3, 4)
    expected = convolution(projection(features) + enlarged(coarser, 2))
    close(of_sum(convolution, projection, features, coarser), expected)


@pytest.mark.parametrize(
    "name",
    ["fpn_mobilenet", "fpn_mobilenet_dsc", "fpn_inception", "fpn_inception_simple", "fpn_dense", "fpn_plain"],
)
def test_the_form_for_engines_has_the_same_weights_and_pictures_for_fewer_multiplications(name):
    torch.manual_seed(0)
    network = build(name).eval()
    form = as_engines_compute(network)
    assert list(form.state_dict()) == list(network.state_dict())
    drawn, folded = (macs_per_pixel(each, network.size_multiple) for each in (network, form))
    assert folded == drawn if name in UNFOLDED else folded < drawn
    picture = torch.rand(1, 3, 192, 160) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(form(picture), network(picture), atol=2e-4, rtol=0)
