"""The Restorer gives back the shape and dtype it got, and tiles change nothing."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan import guard
from deblurgan.errors import DeblurganError
from deblurgan.restore import Restorer, load
from deblurgan.restore_options import RestoreOptions

sides = st.integers(1, 150)


@given(sides, sides, st.sampled_from([np.uint8, np.uint16]), st.sampled_from(["auto", "off", 96, 128]))
def test_an_identity_network_leaves_any_picture_unchanged(height, width, dtype, tile):
    top = np.iinfo(dtype).max
    pixels = np.random.default_rng(0).integers(0, top, (height, width, 3), dtype, endpoint=True)
    restored = Restorer(IDENTITY, IdentityEngine())(pixels, RestoreOptions(tile=tile))
    assert restored.pixels.dtype == dtype
    difference = np.abs(restored.pixels.astype(int) - pixels)
    assert difference.max() <= (0 if dtype == np.uint8 else 1)


@pytest.mark.parametrize(("share", "left"), [(0.001, 0.0), (0.004, 0.004)])
def test_where_too_little_is_kept_to_change_a_pixel_nothing_is(monkeypatch, share, left):
    def judged(before, after, *, threads):
        return guard.Verdict(share, "sharp already", np.full((2, 2), share, np.float32))

    monkeypatch.setattr(guard, "judge", judged)
    engine = IdentityEngine()
    engine.run = lambda batch: np.ones_like(batch)
    restored = Restorer(IDENTITY, engine)(np.zeros((64, 64, 3), np.uint8))
    assert restored.verdict.share == left
    assert restored.verdict.reason == "sharp already"
    assert bool(restored.pixels.any()) == bool(left)


def test_floats_stay_floats_in_the_unit_range():
    pixels = np.random.default_rng(0).random((20, 30, 3), np.float32)
    restored = Restorer(IDENTITY, IdentityEngine())(pixels)
    assert restored.pixels.dtype == np.float32
    np.testing.assert_allclose(restored.pixels, pixels, atol=1e-6)


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "int16", "int32", "int64", "uint32", "float16", "float64", ">u2"]
)
def test_numbers_that_are_no_pixels_are_refused(dtype):
    with pytest.raises(ValueError, match=f"expected pixels in uint8, uint16, float32, got {dtype}"):
        Restorer(IDENTITY, IdentityEngine())(np.zeros((20, 30, 3), dtype))


def test_the_network_sees_its_value_range_and_its_size_rule():
    engine = IdentityEngine()
    Restorer(IDENTITY, engine)(np.zeros((17, 40, 3), np.uint8))
    assert engine.shapes == [(1, 3, 32, 48)]


def test_strength_zero_gives_the_input_back(scene):
    class Inverting(IdentityEngine):
        def run(self, batch):
            return -batch

    restorer = Restorer(IDENTITY, Inverting())
    np.testing.assert_array_equal(restorer(scene, RestoreOptions(strength=0, guard=False)).pixels, scene)
    assert restorer.engine.shapes == []
    np.testing.assert_array_equal(restorer(scene, RestoreOptions(guard=False)).pixels, 255 - scene)


@pytest.mark.parametrize(
    ("options", "acts"), [({}, True), ({"guard": False}, False), ({"preset": "official"}, False)]
)
def test_the_guard_acts_unless_it_is_turned_off(scene, options, acts):
    class Blackening(IdentityEngine):
        def run(self, batch):
            return np.full_like(batch, -1)

    restored = Restorer(IDENTITY, Blackening())(scene, RestoreOptions(**options))
    assert (restored.verdict.share == 0) is acts
    np.testing.assert_array_equal(restored.pixels, scene if acts else np.zeros_like(scene))


def test_a_large_picture_is_the_same_from_one_thread_and_from_several():
    pixels = np.random.default_rng(0).integers(0, 256, (1100, 2000, 3), np.uint8)
    options = RestoreOptions(tile=1500, strength=0.5, memory_limit=10**9)
    alone, together = (
        Restorer(IDENTITY, IdentityEngine(), threads=threads)(pixels, options) for threads in (1, 3)
    )
    np.testing.assert_array_equal(alone.pixels, pixels)
    np.testing.assert_array_equal(together.pixels, pixels)


@pytest.mark.parametrize("options", [{"strength": 1.5}, {"tile": "many"}, {"tile": 0}, {"preset": "odd"}])
def test_impossible_options_are_refused(options):
    with pytest.raises(DeblurganError):
        RestoreOptions(**options)


def test_a_model_that_must_see_the_whole_picture_refuses_tiles(scene):
    whole = Restorer(dataclasses.replace(IDENTITY, tiling="whole"), IdentityEngine())
    assert whole(scene).tiles == 1
    with pytest.raises(DeblurganError, match="whole picture"):
        whole(scene, RestoreOptions(tile=64))


def test_the_official_preset_pads_with_grey_and_truncates():
    class Darker(IdentityEngine):
        def run(self, batch):
            super().run(batch)
            self.corner = batch[0, :, -1, -1]
            return batch - 2 * 0.4 / 255

    engine = Darker()
    official = Restorer(IDENTITY, engine)(np.full((32, 40, 3), 9, np.uint8), RestoreOptions(preset="official"))
    assert engine.shapes == [(1, 3, 48, 48)]
    np.testing.assert_array_equal(engine.corner, 0)
    np.testing.assert_array_equal(official.pixels, 8)
    rounded = Restorer(IDENTITY, engine)(np.full((32, 40, 3), 9, np.uint8))
    np.testing.assert_array_equal(rounded.pixels, 9)


def test_an_array_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="shape"):
        Restorer(IDENTITY, IdentityEngine())(np.zeros((8, 8), np.uint8))


@pytest.fixture(scope="module")
def default_model():
    restorer = load(precision="f32")
    yield restorer
    restorer.close()


@given(st.integers(640, 900), st.integers(16, 120), st.booleans(), st.integers(0, 2**32 - 1))
@example(long=817, short=92, upright=True, seed=7576)
@settings(max_examples=12)
def test_tiles_of_the_default_model_agree_with_the_whole(default_model, long, short, upright, seed):
    size = (long, short) if upright else (short, long)
    coarse = np.random.default_rng(seed).random((size[0] // 6 + 1, size[1] // 6 + 1, 3), np.float32)
    pixels = coarse.repeat(6, 0).repeat(6, 1)[: size[0], : size[1]]
    whole = default_model(pixels, RestoreOptions(tile="off"))
    just_too_small = int((long * short) ** 0.5) - 1
    tiled = default_model(pixels, RestoreOptions(tile=just_too_small))
    assert tiled.tiles > 1
    np.testing.assert_allclose(tiled.pixels, whole.pixels, atol=2e-4)
    # The guard gives most of such a picture back; blurred and without it, the smaller scales show.
    pixels = np.mean([np.roll(pixels, shift, axis=1) for shift in range(5)], axis=0)
    whole = default_model(pixels, RestoreOptions(tile="off", guard=False))
    tiled = default_model(pixels, RestoreOptions(tile=just_too_small, guard=False))
    assert np.abs(whole.pixels - pixels).max() > 0.05
    # Of some hundred such pictures the worst differs by 0.5 grey levels, but for the one above: by 1.05.
    np.testing.assert_allclose(tiled.pixels, whole.pixels, atol=2 / 255)


def test_tiles_in_the_fastest_precision_agree_within_one_grey_level():
    restorer = load()
    coarse = np.random.default_rng(3).integers(0, 256, (100, 140, 3), np.uint8)
    pixels = coarse.repeat(8, 0).repeat(8, 1)
    whole = restorer(pixels, RestoreOptions(tile="off")).pixels.astype(int)
    tiled = restorer(pixels, RestoreOptions(tile=704))
    assert tiled.tiles > 1
    assert np.abs(tiled.pixels - whole).max() <= 1


def test_one_restorer_serves_several_threads(default_model):
    pictures = [np.random.default_rng(seed).integers(0, 256, (64, 80, 3), np.uint8) for seed in range(4)]
    alone = [default_model(picture).pixels for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda picture: default_model(picture).pixels, pictures))
    np.testing.assert_array_equal(alone, together)
