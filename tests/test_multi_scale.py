"""Seen at several sizes, a picture keeps its detail, and what was found at each is brought back to its own."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan import load
from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.errors import DeblurganError
from deblurgan.metrics import psnr
from deblurgan.multi_scale import averaged
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions

SEVERAL = RestoreOptions(multi_scale=True, guard=False)
sides = st.integers(1, 6).map(lambda count: 16 * count)


class Brightening(IdentityEngine):
    """Adds a tenth of the range to everything it sees, and on passes what was found before."""

    def run(self, batch):
        return super().run(batch) + 0.2

    def run_pass(self, number, picture, coarse, change):
        self.shapes.append((number, *picture.shape[2:], *coarse.shape[2:]))
        change[...] = 0.2 + coarse.mean()


@given(sides, sides)
def test_a_change_without_detail_is_the_same_at_every_size(height, width):
    seen = []

    def network(picture, coarse):
        seen.append((picture.shape[2:], coarse.shape[2:]))
        return np.full_like(picture, 0.3)

    picture = np.random.default_rng(0).random((1, 3, height, width), np.float32)
    change = averaged(network, picture, picture[..., ::2, ::2], multiple=16)
    np.testing.assert_allclose(change, 0.3, atol=1e-6)
    assert seen[0][0] == (height, width)
    for whole, half in seen:
        assert all(side % 16 == 0 for side in whole)
        assert tuple(side // 2 for side in whole) == half


def test_the_picture_itself_loses_nothing_by_being_enlarged(scene):
    engine = IdentityEngine()
    np.testing.assert_array_equal(Restorer(IDENTITY, engine)(scene, SEVERAL).pixels, scene)
    assert engine.shapes == [(1, 3, 96, 128), (1, 3, 128, 160), (1, 3, 160, 208)]


def test_a_flat_change_comes_through_tiles_and_passes():
    pixels = np.full((160, 192, 3), 0.5, np.float32)
    tiled = dataclasses.replace(SEVERAL, tile=100)
    np.testing.assert_allclose(Restorer(IDENTITY, Brightening())(pixels, tiled).pixels, 0.6, atol=1e-5)
    engine = Brightening()
    recurrent = Restorer(dataclasses.replace(IDENTITY, recurrent_scales=3), engine)
    np.testing.assert_allclose(recurrent(pixels, tiled).pixels, 0.8, atol=1e-3)
    assert all(shape[1:3] == (2 * shape[3], 2 * shape[4]) for shape in engine.shapes)


def test_all_tiles_are_seen_at_one_size_before_any_is_at_the_next():
    engine = Brightening()
    recurrent = Restorer(dataclasses.replace(IDENTITY, recurrent_scales=2), engine)
    recurrent(np.zeros((320, 384, 3), np.uint8), dataclasses.replace(SEVERAL, tile=100))
    runs = [shape for shape, _ in itertools.groupby(engine.shapes)]
    assert len(runs) == len(set(runs)) == 2 * 3


def test_both_ensembles_together_see_each_size_in_each_direction(scene):
    engine = IdentityEngine()
    options = dataclasses.replace(SEVERAL, self_ensemble=True)
    np.testing.assert_array_equal(Restorer(IDENTITY, engine)(scene, options).pixels, scene)
    assert len(engine.shapes) == 3 * 8


def test_a_slightly_blurred_picture_gets_sharper_than_at_one_size(scene):
    picture = np.kron(scene[:80, :80, :1], np.ones((3, 3, 3), np.uint8)).astype(np.float32) / 255
    straight = BlurSettings(longest=8, shortest=6, still=0, straightness=40, layered=0, highlights=0, noisy=0)
    blurred, sharp = expose(picture, draw_exposure(np.random.default_rng(1), straight, picture.shape[:2]))
    once, several = (
        psnr(load("fast")(blurred, options).pixels, sharp, data_range=1)
        for options in (RestoreOptions(guard=False), SEVERAL)
    )
    assert once > psnr(blurred, sharp, data_range=1)
    assert several > once + 0.2


def test_a_model_that_enlarges_has_no_other_scales():
    doubling = Restorer(dataclasses.replace(IDENTITY, scale=2), IdentityEngine())
    with pytest.raises(DeblurganError, match="one scale"):
        doubling(np.zeros((16, 16, 3), np.uint8), SEVERAL)
