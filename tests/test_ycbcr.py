"""Luma and chroma of video need not become RGB on the way through a network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, YCbCrEngine
from deblurgan.catalogue import find
from deblurgan.engines.pixel_blocks import put_together, taken_apart
from deblurgan.restore import Restorer, load
from deblurgan.restore_options import RestoreOptions
from deblurgan.ycbcr import Coding, YCbCr

BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)
HD = Coding(*BT709, full_range=False)
halves = st.integers(1, 150)
codings = st.builds(
    lambda luma, full_range: Coding(*luma, full_range), st.sampled_from([BT601, BT709]), st.booleans()
)


def noise(size, coding=HD):
    """A picture of all the codes there are, allowed or not."""
    rng = np.random.default_rng(0)
    height, width = size
    blue, red = (rng.integers(0, 256, (height // 2, width // 2), np.uint8) for _ in range(2))
    return YCbCr(rng.integers(0, 256, size, np.uint8), blue, red, coding)


def planes_of(picture):
    return picture.luma, picture.blue, picture.red


def of_pixels(pixels, coding):
    """Pixels, [H, W, 3], as codes that are not rounded: luma, and the mean chroma of each block."""
    codes = pixels / 255 @ coding.matrix.T + coding.black
    height, width = pixels.shape[:2]
    return codes[..., 0], codes.reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))[..., 1:]


@given(halves, halves, st.integers(1, 2))
def test_pixels_are_taken_apart_as_pixel_unshuffle_does(rows, columns, threads):
    pixels = np.random.default_rng(0).integers(0, 256, (2 * rows, 2 * columns, 3), np.uint8)
    blocks = taken_apart(pixels, threads)
    expected = pixels.reshape(rows, 2, columns, 2, 3).transpose(4, 1, 3, 0, 2).reshape(12, rows, columns)
    np.testing.assert_array_equal(blocks, expected)
    again = np.zeros_like(pixels)
    put_together(blocks, again, threads)
    np.testing.assert_array_equal(again, pixels)


@given(halves, halves)
def test_luma_and_chroma_come_back_from_their_blocks(rows, columns):
    picture = noise((2 * rows, 2 * columns))
    blocks, again = taken_apart(picture), picture.empty_of(picture.size)
    assert blocks.shape == (6, rows, columns)
    np.testing.assert_array_equal(blocks[2], picture.luma[1::2, 0::2])
    put_together(blocks, again)
    for old, new in zip(planes_of(picture), planes_of(again), strict=True):
        np.testing.assert_array_equal(new, old)


@given(codings)
def test_black_white_and_gray_have_the_codes_of_the_standard(coding):
    low, high = (0, 255) if coding.full_range else (16, 235)
    for gray, luma in ((0, low), (1, high), (0.5, (low + high) / 2)):
        np.testing.assert_allclose(coding.matrix @ ([gray] * 3) + coding.black, [luma, 128, 128], atol=1e-9)
    to_blue, to_red = coding.matrix[1, 2], coding.matrix[2, 0]
    assert to_blue == to_red == pytest.approx(255 / 2 if coding.full_range else 224 / 2)


@given(codings, st.integers(0, 99))
def test_pixels_made_of_it_have_its_codes(coding, seed):
    rng = np.random.default_rng(seed)
    # One colour to a block, so that halving chroma loses nothing.
    pixels = rng.integers(0, 256, (6, 8, 3), np.uint8).repeat(2, 0).repeat(2, 1)
    luma, chroma = of_pixels(pixels, coding)
    blue, red = np.round(np.moveaxis(chroma, 2, 0)).astype(np.uint8)
    made = YCbCr(np.round(luma).astype(np.uint8), blue, red, coding).to_pixels()
    assert np.abs(made.astype(int) - pixels).max() <= 2


def test_what_is_missing_to_a_size_is_mirrored():
    picture = noise((6, 8))
    padded = picture.padded((10, 8))
    np.testing.assert_array_equal(padded.luma[6:], picture.luma[1:5][::-1])
    np.testing.assert_array_equal(padded.blue[3:], picture.blue[:2][::-1])
    for old, new in zip(planes_of(picture), planes_of(padded.part((6, 8))), strict=True):
        np.testing.assert_array_equal(new, old)
    assert picture.padded((6, 8)) is picture


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((63, 96), {}),
        ((64, 96), {"strength": 0.5}),
        ((64, 96), {"self_ensemble": True}),
        ((200, 200), {"tile": 96}),
    ],
)
def test_what_must_be_rgb_is_refused(size, options):
    engine = YCbCrEngine()
    restorer, options = Restorer(IDENTITY, engine), RestoreOptions(**options)
    assert not restorer.takes_ycbcr(size, options)
    assert restorer.on_ycbcr(noise(size), options) is None
    assert not engine.pictures


def test_an_engine_is_given_the_size_it_wants():
    engine, picture = YCbCrEngine(), noise((70, 96))
    sharp = Restorer(IDENTITY, engine).on_ycbcr(picture)
    assert [given.size for given in engine.pictures] == [(80, 96)]
    for old, new in zip(planes_of(picture), planes_of(sharp), strict=True):
        np.testing.assert_array_equal(new, old)


class TestOpenVINO:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("openvino")

    @pytest.mark.parametrize("model", ["default", "fast"])
    @pytest.mark.parametrize("precision", ["f32", "bf16"])
    @pytest.mark.parametrize("full_range", [False, True])
    def test_the_result_is_that_of_rgb(self, blurred, model, precision, full_range):
        coding = Coding(*BT709, full_range)
        # No colour is near the ends, where RGB is clipped and luma and chroma are not.
        luma, chroma = of_pixels(64 + blurred[:, :300] / 2, coding)
        blue, red = np.round(np.moveaxis(chroma, 2, 0)).astype(np.uint8)
        picture = YCbCr(np.round(luma).astype(np.uint8), blue, red, coding)
        restorer, options = load(model, engine="openvino", precision=precision), RestoreOptions(guard=False)
        sharp = restorer.on_ycbcr(picture, options)
        luma, chroma = of_pixels(restorer(picture.to_pixels(), options).pixels, coding)
        restorer.close()
        assert np.abs(sharp.luma.astype(int) - picture.luma).max() > 10
        for plane, expected in zip(planes_of(sharp), (luma, *np.moveaxis(chroma, 2, 0)), strict=True):
            assert np.abs(plane - expected).mean() < 0.5
            assert np.abs(plane - expected).max() < 3

    @pytest.mark.parametrize("model", ["default", "fast", "crisp"])
    def test_our_networks_never_put_the_whole_picture_together(self, model):
        import openvino

        from deblurgan.engines.openvino_blocks import on_blocks

        folder, core = find(model), openvino.Core()
        network = on_blocks(core.read_model(folder.file("onnx")), (-1.0, 1.0), HD, adds=False)
        network.reshape([1, 6, 64, 96])
        compiled = core.compile_model(network, "CPU")
        steps = compiled.get_runtime_model().get_ordered_ops()
        assert [1, 3, 64, 96] in [list(step.get_output_shape(0)) for step in steps]
        assert [1, 3, 128, 192] not in [list(step.get_output_shape(0)) for step in steps]

    @pytest.mark.parametrize("adds", [False, True])
    @pytest.mark.parametrize("coding", [Coding(*BT601, False), Coding(*BT709, True)])
    def test_where_nothing_changes_every_code_stays(self, adds, coding):
        picture = noise((30, 40), coding)
        sharp, total = self.run(adds, picture, 0.0)
        for old, new in zip(planes_of(picture), planes_of(sharp), strict=True):
            np.testing.assert_array_equal(new, old)
        assert np.isfinite(total)

    def test_a_change_in_gray_changes_luma_alone(self):
        picture = noise((30, 40), Coding(*BT601, False))
        sharp, _ = self.run(True, picture, 2 * 10 / 219)
        # No further than white, or than the picture was.
        np.testing.assert_array_equal(sharp.luma, np.maximum(np.minimum(picture.luma + 10.0, 235), picture.luma))
        np.testing.assert_array_equal(sharp.blue, picture.blue)

    def test_nothing_goes_beyond_the_codes_of_colours_that_was_not_there_before(self):
        picture = noise((30, 40))
        (down, _), (up, _) = (self.run(True, picture, more) for more in (-5, 5))
        np.testing.assert_array_equal(down.luma, np.minimum(picture.luma, 16))
        np.testing.assert_array_equal(up.luma, np.maximum(picture.luma, 235))

    @pytest.mark.parametrize("precision", ["f32", "bf16"])
    def test_a_network_that_gives_the_picture_itself_does_not_tint_it(self, precision):
        rng = np.random.default_rng(0)
        blue, red = (rng.integers(115, 141, (32, 48), np.uint8) for _ in range(2))
        picture = YCbCr(rng.integers(60, 180, (64, 96), np.uint8), blue, red, HD)
        sharp, _ = self.run(False, picture, 0.0, precision)
        for old, new in zip(planes_of(picture), planes_of(sharp), strict=True):
            assert np.abs(new.astype(int) - old).max() <= 1
            assert abs((new.astype(int) - old).mean()) < 0.05

    def run(self, adds, picture, more, precision="f32"):
        """What a network gives that adds so much to a picture in [-1, 1], and its second output."""
        import openvino
        from openvino import opset13 as operations

        from deblurgan.engines.openvino_blocks import on_blocks

        values = operations.parameter([1, 3, -1, -1], np.float32)
        kept = operations.multiply(values, operations.constant(np.float32(0 if adds else 1)))
        found = operations.clamp(operations.add(kept, operations.constant(np.float32(more))), -9.0, 9.0)
        network = openvino.Model([operations.result(found)], [values], "network")
        network = on_blocks(network, (-1.0, 1.0), picture.coding, adds=adds)
        given = taken_apart(picture)[None]
        network.reshape(given.shape)
        compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": precision})
        blocks, total = compiled([given]).values()
        sharp = picture.empty_of(picture.size)
        put_together(blocks[0], sharp)
        return sharp, total
