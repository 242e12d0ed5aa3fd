"""Between two networks, each weight lies as far on its way as the others."""

import pytest

torch = pytest.importorskip("torch")

from deblurgan.errors import BrokenModel  # noqa: E402
from deblurgan.networks import build  # noqa: E402
from deblurgan.training.export import export, manifest_of  # noqa: E402
from deblurgan.training.network_interpolation import draw_near  # noqa: E402
from deblurgan.training.torch_engine import weights_of  # noqa: E402

OPTIONS = {"channels": (8, 8), "depths": (1, 1), "decoder_depths": (1,)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    network = build("fpn_plain", **OPTIONS)
    return export(network, manifest_of(network, None, name="first"), tmp_path_factory.mktemp("models") / "first")


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_network_is_left_on_its_way_from_the_model(model, share):
    torch.manual_seed(1)
    network = build("fpn_plain", **OPTIONS)
    start, trained = weights_of(model), {name: tensor.clone() for name, tensor in network.state_dict().items()}
    draw_near(network, model, share)
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(tensor, (1 - share) * start[name] + share * trained[name])


def test_networks_of_two_shapes_have_nothing_between_them(model):
    wider = build("fpn_plain", **OPTIONS | {"channels": (16, 16)})
    with pytest.raises(BrokenModel, match="do not fit"):
        draw_near(wider, model, 0.5)
