"""Tiles are pure geometry: whatever the sizes, nothing is lost and nothing counted twice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.tiling import SizeRule, add, bands, finished, inside, pad, plan, window

sizes = st.tuples(st.integers(1, 300), st.integers(1, 300))
rules = st.sampled_from(
    [
        SizeRule(16, (16, 16)),
        SizeRule(32, (128, 128)),
        SizeRule(1, (1, 1)),
        SizeRule(8, (8, 24)),
    ]
)


def test_a_size_grows_to_the_next_multiple_and_to_the_minimum():
    assert SizeRule(32, (128, 128)).fit((33, 500)) == (128, 512)


@given(sizes, rules, st.integers(0, 5), st.one_of(st.none(), st.integers(16 * 16, 200 * 200)), st.booleans())
def test_tiles_cover_each_pixel_with_weights_that_sum_to_one(size, rule, halo_steps, largest, blended):
    tiles = plan(size, rule, halo=halo_steps * rule.multiple, largest=largest, blended=blended)
    weights = np.zeros(rule.fit(size))
    for tile in tiles:
        height, width = tile.size
        weights[tile.top : tile.top + height, tile.left : tile.left + width] += np.outer(tile.rows, tile.columns)
    np.testing.assert_allclose(weights, 1, atol=1e-5)


@given(sizes, rules, st.integers(0, 3), st.integers(16 * 16, 200 * 200))
def test_every_tile_obeys_the_size_rule_and_starts_at_a_multiple(size, rule, halo_steps, largest):
    for tile in plan(size, rule, halo=halo_steps * rule.multiple, largest=largest):
        assert rule.fit(tile.size) == tile.size
        assert tile.top % rule.multiple == tile.left % rule.multiple == 0


@given(sizes, rules, st.integers(1, 3), st.integers(16 * 16, 200 * 200), st.booleans())
def test_next_to_a_cut_at_least_the_halo_is_unused(size, rule, halo_steps, largest, blended):
    halo = halo_steps * rule.multiple
    height, width = rule.fit(size)
    for tile in plan(size, rule, halo=halo, largest=largest, blended=blended):
        for start, weights, whole in ((tile.top, tile.rows, height), (tile.left, tile.columns, width)):
            assert start == 0 or not weights[:halo].any()
            assert start + len(weights) == whole or not weights[-halo:].any()


@given(sizes, rules, st.integers(0, 3), st.integers(16 * 16, 200 * 200))
def test_cutting_and_adding_gives_the_picture_back(size, rule, halo_steps, largest):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    result = np.zeros_like(picture)
    for tile in plan(size, rule, halo=halo_steps * rule.multiple, largest=largest):
        window = pad(inside(picture, tile).transpose(2, 0, 1), tile).transpose(1, 2, 0)
        assert window.shape[:2] == tile.size
        add(result, tile, window)
    np.testing.assert_allclose(result, picture, atol=1e-5)


@given(sizes, rules, st.integers(0, 3), st.integers(16 * 16, 200 * 200), st.booleans())
def test_finished_parts_are_those_of_the_picture_put_together_at_once(size, rule, halo_steps, largest, blended):
    picture = np.random.default_rng(0).random((*size, 3), np.float32)
    tiles = plan(size, rule, halo=halo_steps * rule.multiple, largest=largest, blended=blended)
    values = [pad(inside(picture, tile).transpose(2, 0, 1), tile).transpose(1, 2, 0) for tile in tiles]
    at_once = np.zeros_like(picture)
    for tile, part in zip(tiles, values, strict=True):
        add(at_once, tile, part)
    queue = iter(values)
    together, times = np.zeros_like(picture), np.zeros(size, int)
    for rows, columns, part in finished(size, tiles, lambda _: next(queue)):
        together[rows, columns] = part
        times[rows, columns] += 1
    assert (times == 1).all()
    np.testing.assert_array_equal(together, at_once)


def test_a_24_megapixel_photo_is_cut_into_few_tiles_within_the_bound():
    tiles = plan((4000, 6000), SizeRule(16, (16, 16)), halo=256, largest=1664**2)
    assert max(height * width for height, width in (tile.size for tile in tiles)) <= 1664**2
    assert sum(height * width for height, width in (tile.size for tile in tiles)) < 2 * 24e6


def test_a_picture_within_the_bound_is_one_tile():
    assert len(plan((720, 1280), SizeRule(16, (16, 16)), halo=256, largest=1664**2)) == 1


@given(st.integers(0, 50), st.integers(1, 300), st.integers(1, 80))
def test_bands_cover_a_tile_and_none_is_thinner_than_asked(top, height, rows):
    cut = list(bands(window(top, 3, height, 7), rows))
    covered = [row for band in cut for row in range(band.top, band.top + band.size[0])]
    assert covered == list(range(top, top + height))
    assert all(band.size[0] >= min(rows, height) and band.left == 3 and band.size[1] == 7 for band in cut)
