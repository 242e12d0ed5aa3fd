"""A network kept equivariant turns its results with its pictures, and training keeps it so."""

import pytest

torch = pytest.importorskip("torch")

from deblurgan import networks  # noqa: E402
from deblurgan.errors import RecipeError  # noqa: E402
from deblurgan.networks.equivariance import is_equivariant, keep_equivariant, make_equivariant  # noqa: E402
from deblurgan.training import state  # noqa: E402
from deblurgan.training.recipe import from_settings  # noqa: E402
from deblurgan.training.step import training_step  # noqa: E402

NARROW = {"channels": (8, 16, 16), "depths": (1, 1, 1), "decoder_depths": (1, 1)}
WAYS = [(mirrored, quarters) for mirrored in (False, True) for quarters in range(4)]


def moved(maps, mirrored, quarters):
    return torch.rot90(maps.flip(-1) if mirrored else maps, quarters, (-2, -1))


def tied(**options: object) -> networks.FPNGenerator:
    torch.manual_seed(0)
    network = networks.build("fpn_plain", **(NARROW | options))
    # A new head gives zero, which is the same however it is turned.
    torch.nn.init.normal_(network.decoder.head.weight)
    make_equivariant(network)
    return network


@pytest.mark.parametrize("options", [{}, {"scale": 2}, {"recurrent_scales": 2}])
@pytest.mark.parametrize(("mirrored", "quarters"), WAYS)
def test_a_moved_picture_gives_the_moved_result(mirrored, quarters, options):
    network, picture = tied(**options), torch.rand(1, 3, 16, 32)
    with torch.no_grad():
        result, of_moved = network(picture), network(moved(picture, mirrored, quarters))
    assert torch.allclose(of_moved, moved(result, mirrored, quarters), atol=1e-4)
    assert result.std() > 0.1


def test_updates_keep_the_weights_tied():
    network = tied().to(memory_format=torch.channels_last)
    keep_equivariant(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.01, weight_decay=0.1)
    before = network.decoder.head.weight.detach().clone()
    for _ in range(3):
        optimiser.zero_grad()
        ((network(torch.rand(2, 3, 16, 16)) - torch.rand(2, 3, 16, 16)) ** 2).mean().backward()
        optimiser.step()
    assert is_equivariant(network, tolerance=1e-4)
    assert not torch.allclose(network.decoder.head.weight, before, atol=1e-3)


def test_tying_keeps_the_variance_of_new_weights():
    free = networks.build("fpn_plain")
    spread = [level[0].first.weight.std().item() for level in free.backbone.levels]
    make_equivariant(free)
    assert [level[0].first.weight.std().item() for level in free.backbone.levels] == pytest.approx(
        spread, rel=0.05
    )


def test_a_network_that_was_not_kept_equivariant_is_told():
    assert is_equivariant(tied())
    network = networks.build("fpn_plain", **NARROW)
    assert not is_equivariant(network)


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="only fpn_plain"):
        make_equivariant(networks.build("fpn_mobilenet"))
    with pytest.raises(ValueError, match="no multiple of 8"):
        make_equivariant(networks.build("fpn_plain", channels=(12, 16), depths=(1, 1), decoder_depths=(1,)))


def test_a_recipe_that_asks_for_it_trains_an_equivariant_network(tmp_path):
    wanted = {
        "generator": {"options": NARROW, "equivariant": True},
        "data": {"photos": ["photos"], "real_share": 0},
    }
    begun = state.begin(from_settings(wanted))
    training_step(begun, torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    assert is_equivariant(begun.generator)
    state.save(begun, tmp_path / "last.pt")
    resumed = state.load(tmp_path / "last.pt")
    training_step(resumed, torch.rand(2, 3, 16, 16), torch.rand(2, 3, 16, 16))
    assert is_equivariant(resumed.generator, tolerance=1e-4)


def test_a_recipe_cannot_keep_equivariant_what_is_not(tmp_path):
    free = {"generator": {"options": NARROW}, "data": {"photos": ["photos"], "real_share": 0}}
    state.save(state.begin(from_settings(free)), tmp_path / "free.pt")
    network = {"options": NARROW, "equivariant": True, "start_from": str(tmp_path / "free.pt")}
    for begin in (
        lambda: state.begin(from_settings(free | {"generator": network})),
        lambda: state.load(tmp_path / "free.pt", from_settings(free | {"generator": network})),
    ):
        with pytest.raises(RecipeError, match="is not; start from nothing"):
            begin()
    with pytest.raises(RecipeError, match="only fpn_plain"):
        state.begin(from_settings(free | {"generator": {"name": "fpn_mobilenet", "equivariant": True}}))
