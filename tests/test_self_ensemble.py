"""A self-ensemble knows no direction, whatever the network knows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.self_ensemble import averaged

sides = st.integers(1, 40)


def to_the_right(planes):
    return np.roll(planes, 1, axis=3)


@given(sides, sides)
def test_the_mean_of_a_network_that_does_nothing_is_the_picture(height, width):
    planes = np.random.default_rng(0).random((1, 3, height, width), np.float32)
    np.testing.assert_allclose(averaged(np.array, planes), planes, atol=1e-6)


def test_every_view_is_brought_back_to_where_it_was():
    light = np.zeros((1, 3, 7, 9), np.float32)
    light[..., 3, 4] = 1
    moved = averaged(to_the_right, light)
    neighbours = {(3, 3), (3, 5), (2, 4), (4, 4)}
    assert {tuple(place) for place in np.argwhere(moved[0, 0])} == neighbours
    assert all(moved[0, 0][place] == 0.25 for place in neighbours)


def test_a_network_that_enlarges_stays_one_that_enlarges():
    planes = np.random.default_rng(0).random((1, 3, 4, 6), np.float32)
    enlarged = averaged(lambda view: view.repeat(2, axis=2).repeat(2, axis=3), planes)
    np.testing.assert_allclose(enlarged, planes.repeat(2, axis=2).repeat(2, axis=3), atol=1e-6)


def test_a_turned_picture_gives_the_turned_result(scene):
    class Shifting(IdentityEngine):
        def run(self, batch):
            return to_the_right(super().run(batch))

    options = RestoreOptions(self_ensemble=True, guard=False)
    engine = Shifting()
    restorer = Restorer(IDENTITY, engine)
    picture = scene[:32, :48].astype(np.float32) / 255
    upright = restorer(picture, options).pixels
    assert engine.shapes == [(1, 3, 32, 48)] * 4 + [(1, 3, 48, 32)] * 4
    turned = restorer(np.rot90(picture).copy(), options).pixels
    np.testing.assert_allclose(turned, np.rot90(upright), atol=1e-6)
    assert np.abs(restorer(picture, RestoreOptions(guard=False)).pixels - upright).max() > 0.1
