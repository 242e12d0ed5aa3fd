"""An engine that takes 8-bit pixels as they are gives what it gives by way of floats."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan import metrics
from deblurgan.restore import Restorer, load
from deblurgan.restore_options import RestoreOptions

sides = st.integers(1, 150)


class PixelEngine(IdentityEngine):
    """Changes nothing, and remembers the windows of pixels that it saw and the change beneath each."""

    takes_pixels = True

    def __init__(self):
        super().__init__()
        self.windows, self.beneath = [], []

    def run_on_pixels(self, number, pixels, coarse, sharp):
        self.windows.append((number, pixels.copy()))
        self.beneath.append(None if coarse is None else coarse.copy())
        sharp[...] = pixels
        return True

    def run_pass(self, number, picture, coarse, change):
        np.copyto(change, picture)


@given(sides, sides, st.sampled_from(["auto", "off", 96, 128]))
def test_an_identity_network_leaves_any_pixels_unchanged(height, width, tile):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    engine = PixelEngine()
    restored = Restorer(IDENTITY, engine)(pixels, RestoreOptions(tile=tile))
    np.testing.assert_array_equal(restored.pixels, pixels)
    assert len(engine.windows) == restored.tiles
    assert not engine.shapes


def test_past_the_edges_the_network_sees_the_picture_mirrored(scene):
    engine = PixelEngine()
    Restorer(IDENTITY, engine)(scene[:90])
    [(number, window)] = engine.windows
    assert (number, window.shape) == (0, (96, 128, 3))
    np.testing.assert_array_equal(window[90:], scene[83:89][::-1])


def test_the_last_pass_sees_what_the_pass_before_found_beneath_each_tile(scene):
    engine = PixelEngine()
    recurrent = dataclasses.replace(IDENTITY, recurrent_scales=2)
    restored = Restorer(recurrent, engine)(scene, RestoreOptions(tile=96))
    assert restored.tiles == len(engine.windows) > 1
    for (number, window), beneath in zip(engine.windows, engine.beneath, strict=True):
        assert number == 2
        halves = window.reshape(len(window) // 2, 2, -1, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
        np.testing.assert_allclose(beneath[0], halves / 127.5 - 1, atol=1e-3)


@pytest.mark.parametrize(
    ("facts", "options", "dtype"),
    [
        ({}, {"strength": 0.5}, np.uint8),
        ({}, {"preset": "official"}, np.uint8),
        ({}, {"self_ensemble": True}, np.uint8),
        ({}, {"multi_scale": True}, np.uint8),
        ({"tiling": "overlap"}, {}, np.uint8),
        ({}, {}, np.uint16),
        ({}, {}, np.float32),
    ],
)
def test_what_needs_floats_goes_by_floats(facts, options, dtype):
    engine = PixelEngine()
    Restorer(dataclasses.replace(IDENTITY, **facts), engine)(
        np.zeros((40, 60, 3), dtype), RestoreOptions(**options)
    )
    assert engine.shapes
    assert not engine.windows


def test_a_network_that_was_not_finite_is_refused(scene):
    engine = PixelEngine()
    engine.run_on_pixels = lambda number, pixels, coarse, sharp: False
    restored = Restorer(IDENTITY, engine)(scene)
    assert "not finite" in restored.verdict.reason
    np.testing.assert_array_equal(restored.pixels, scene)


class TestOpenVINO:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("openvino")

    @pytest.mark.parametrize("model", ["default", "fast"])
    @pytest.mark.parametrize("precision", ["f32", "bf16"])
    @pytest.mark.parametrize(("tile", "tiles"), [("off", 1), (360, 2)])
    def test_pixels_come_out_as_by_floats(self, blurred, model, precision, tile, tiles):
        sharp, by_floats = self.both_ways(model, precision, blurred, tile)
        assert sharp.tiles == by_floats.tiles == tiles
        assert np.abs(by_floats.pixels.astype(int) - blurred).max() > 20
        difference = np.abs(sharp.pixels.astype(int) - by_floats.pixels)
        assert np.quantile(difference, 0.999) <= 1
        assert difference.mean() < 0.01

    @pytest.mark.parametrize("size", [(96, 128), (90, 120)])
    def test_a_picture_that_was_turned_upright_is_taken(self, scene, size):
        turned = scene[: size[0], : size[1]].swapaxes(0, 1)
        restorer = load("fast", engine="openvino", precision="f32")
        restored = restorer(turned)
        np.testing.assert_array_equal(restored.pixels, restorer(turned.copy()).pixels)
        restorer.close()

    def test_in_int8_both_are_as_close_to_what_is_exact(self, blurred):
        exact, _ = self.both_ways("default", "f32", blurred, "off")
        ratios = [
            metrics.psnr(restored.pixels, exact.pixels, data_range=255)
            for restored in self.both_ways("default", "int8", blurred, "off")
        ]
        assert ratios == [pytest.approx(ratios[1], abs=0.5)] * 2
        assert min(ratios) > 30

    def both_ways(self, model, precision, pixels, tile):
        """The result by pixels, and by floats."""
        restorer = load(model, engine="openvino", precision=precision)
        results = []
        for takes_pixels in (True, False):
            restorer.engine.takes_pixels = takes_pixels
            results.append(restorer(pixels, RestoreOptions(tile=tile, guard=False)))
        restorer.close()
        return results

    @pytest.mark.parametrize("adds", [False, True])
    @pytest.mark.parametrize("value_range", [(-1.0, 1.0), (0.0, 1.0)])
    def test_halves_go_up_and_what_lies_beyond_is_clipped(self, adds, value_range):
        low, high = value_range
        level = (high - low) / 255
        picture = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
        for more in (0.0, 0.5, 0.4, -0.51, 300.0, -300.0):
            values, total = self.run(
                adds, value_range, lambda operations, x, more=more: np.float32(more * level), picture
            )
            expected = np.clip(np.floor(picture + np.float64(more) + 0.5), 0, 255)
            np.testing.assert_array_equal(values, expected)
            assert np.isfinite(total).all()

    @pytest.mark.parametrize("adds", [False, True])
    def test_one_value_that_is_not_finite_is_noticed(self, adds):
        picture = np.full((1, 16, 16, 3), 255, np.uint8)
        _, total = self.run(adds, (-1.0, 1.0), lambda operations, x: operations.log(x), picture)
        assert np.isfinite(total).all()
        picture[0, 5, 6, 1] = 0
        _, total = self.run(adds, (-1.0, 1.0), lambda operations, x: operations.log(x), picture)
        assert not np.isfinite(total).any()

    def run(self, adds, value_range, change, pixels):
        """A network that changes a picture so, on pixels, in float32; gives its two outputs."""
        import openvino
        from openvino import opset13 as operations

        from deblurgan.engines.openvino_blocks import on_blocks
        from deblurgan.engines.pixel_blocks import put_together, taken_apart

        picture = operations.parameter([1, 3, -1, -1], np.float32)
        found = operations.add(
            operations.multiply(picture, operations.constant(np.float32(0 if adds else 1))),
            change(operations, picture),
        )
        network = openvino.Model([operations.result(found)], [picture], "network")
        compiled = openvino.Core().compile_model(
            on_blocks(network, value_range, None, adds=adds), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )
        sharp, total = compiled([taken_apart(pixels[0])[None]]).values()
        result = np.empty_like(pixels)
        put_together(sharp[0], result[0])
        return result, total
