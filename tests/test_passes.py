"""A scale-recurrent network runs pass by pass: smaller pictures are read as windows, and tiles lose nothing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan.passes import Picture, scales_for
from deblurgan.restore import Restorer, load
from deblurgan.restore_options import RestoreOptions
from deblurgan.tiling import SizeRule, inside, window

RULE = SizeRule(8, (8, 8))
multiples = st.integers(1, 30).map(lambda count: 8 * count)


class MeanBelow(IdentityEngine):
    """Finds the difference to the picture before, plus a tenth of what was found in that one."""

    def run_pass(self, number, picture, coarse, change):
        self.shapes.append((number, *picture.shape[2:]))
        change[...] = np.roll(picture, 1, axis=3) - picture
        change += 0.1 * coarse.repeat(2, axis=2).repeat(2, axis=3)


RECURRENT = dataclasses.replace(IDENTITY, recurrent_scales=3)


def of(planes):
    return Picture(planes.shape[1:], RULE, lambda tile: inside(planes.transpose(1, 2, 0), tile).transpose(2, 0, 1))


def whole(picture):
    planes = np.empty((3, *picture.size), np.float32)
    picture.copy_to(planes, window(0, 0, *picture.size))
    return planes


@given(multiples, multiples, st.integers(0, 2), st.data())
def test_a_window_of_a_smaller_picture_is_that_part_of_the_whole(height, width, times, data):
    picture = of(np.random.default_rng(0).random((3, height, width), np.float32))
    for _ in range(times):
        picture = picture.halved()
    sides = [data.draw(st.integers(1, side // 8)) * 8 for side in picture.size]
    top, left = (
        data.draw(st.integers(0, (side - part) // 8)) * 8 for side, part in zip(picture.size, sides, strict=True)
    )
    part = np.empty((3, *sides), np.float32)
    picture.copy_to(part, window(top, left, *sides))
    np.testing.assert_array_equal(part, whole(picture)[:, top : top + sides[0], left : left + sides[1]])


def test_half_a_picture_holds_the_mean_of_four_pixels_and_repeats_its_last():
    planes = np.arange(3 * 8 * 24, dtype=np.float32).reshape(3, 8, 24)
    half = whole(of(planes).halved())
    assert half.shape == (3, 8, 16)
    np.testing.assert_allclose(half[:, 1, 2], planes[:, 2:4, 4:6].mean(axis=(1, 2)))
    np.testing.assert_array_equal(half[:, 7, 15], half[:, 3, 11])


def test_every_pass_is_cut_by_itself_from_the_smallest_to_the_picture():
    pixels = np.random.default_rng(0).random((600, 400, 3)).astype(np.float32)
    engine = MeanBelow()
    restored = Restorer(RECURRENT, engine)(pixels, RestoreOptions(tile=200, guard=False))
    numbers = [number for number, *_ in engine.shapes]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2, 3}
    assert numbers.count(3) == restored.tiles > 4 > numbers.count(2) > numbers.count(1) == 1
    assert all(height * width <= 200**2 for _, height, width in engine.shapes)


@pytest.mark.parametrize("ensemble", [False, True])
def test_the_change_found_before_reaches_the_picture(ensemble):
    class Constant(IdentityEngine):
        def run_pass(self, number, picture, coarse, change):
            change[...] = 0.1 + np.float32(coarse.mean())

    options = RestoreOptions(tile=100, guard=False, self_ensemble=ensemble)
    restored = Restorer(RECURRENT, Constant())(np.full((160, 160, 3), 0.5, np.float32), options)
    # Values from -1 to 1 are twice as far apart as those from 0 to 1.
    np.testing.assert_allclose(restored.pixels, 0.5 + 3 * 0.1 / 2, atol=1e-4)


def test_a_picture_that_fits_goes_through_all_passes_at_once(scene):
    engine = IdentityEngine()
    assert Restorer(RECURRENT, engine)(scene).tiles == 1
    assert engine.shapes == [(1, 3, 96, 128)]


def test_a_large_picture_is_seen_at_smaller_sizes_than_the_network_was_trained_with():
    engine = MeanBelow()
    assert Restorer(RECURRENT, engine)(np.zeros((2048, 2304, 3), np.uint8), RestoreOptions(tile="off")).tiles == 1
    assert engine.shapes == [(1, 256, 288), (1, 512, 576), (2, 1024, 1152), (3, 2048, 2304)]


@given(st.integers(1, 10_000), st.integers(2, 4))
def test_the_shorter_side_decides_on_the_sizes(side, trained):
    surplus = scales_for((side, 20_000), trained) - trained
    assert surplus == scales_for((20_000, side), trained) - trained
    assert surplus == 0 if side < 2048 else 1024 <= side / 2**surplus < 2048
    assert scales_for((side, side), 1) == 1


def test_tiles_in_int8_are_as_exact_as_the_whole_is():
    exact, rounded = (load("fast", engine="openvino", precision=precision) for precision in ("f32", "int8"))
    pixels = np.random.default_rng(0).random((50, 90, 3), np.float32).repeat(8, 0).repeat(8, 1)
    pixels = np.mean([np.roll(pixels, shift, axis=1) for shift in range(7)], axis=0)
    right = exact(pixels, RestoreOptions(tile="off", guard=False)).pixels
    whole, tiled = (rounded(pixels, RestoreOptions(tile=tile, guard=False)) for tile in ("off", 400))
    assert tiled.tiles > whole.tiles
    at_once, in_tiles = (np.abs(restored.pixels - right).mean() for restored in (whole, tiled))
    assert 0 < in_tiles < 1.1 * at_once
    for restorer in (exact, rounded):
        restorer.close()


@pytest.mark.parametrize(
    ("minimum", "multiple", "size"), [(128, 32, (40, 900)), (256, 32, (300, 900)), (128, 128, (130, 900))]
)
def test_a_network_of_large_inputs_sees_a_small_picture_mirrored(minimum, multiple, size):
    facts = dataclasses.replace(
        RECURRENT, recurrent_scales=2, size_multiple=multiple, minimum_size=(minimum, minimum), halo=multiple
    )

    class Seeing(IdentityEngine):
        def run_pass(self, number, picture, coarse, change):
            seen.append((number, picture.copy()))
            change[...] = 0

    seen, pixels = [], np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    restored = Restorer(facts, Seeing())(pixels, RestoreOptions(tile=320))
    np.testing.assert_array_equal(restored.pixels, pixels)
    first = next(planes for number, planes in seen if number == 2)
    mirrored = np.pad(pixels, ((0, first.shape[2]), (0, 0), (0, 0)), "reflect")[: first.shape[2], : first.shape[3]]
    np.testing.assert_allclose(first[0], mirrored.transpose(2, 0, 1) / 127.5 - 1, atol=1e-5)
