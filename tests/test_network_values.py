"""Values of a picture as networks take them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.network_values import to_halved_planes, to_planes
from deblurgan.tiling import window

RANGE = (-1.0, 1.0)


@given(st.sampled_from([np.uint8, np.uint16]), st.integers(9, 40), st.integers(9, 40), st.data())
def test_half_a_window_holds_the_means_of_four_even_past_the_edges(kind, height, width, data):
    top, left = (2 * data.draw(st.integers(0, side // 2 - 4)) for side in (height, width))
    # As much as can be mirrored at most.
    sides = (2 * data.draw(st.integers(1, side - start - 1)) for side, start in ((height, top), (width, left)))
    tile = window(top, left, *sides)
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (height, width, 3), kind, endpoint=True)
    four = to_planes(pixels, tile, RANGE, None)[0].reshape(3, tile.size[0] // 2, 2, -1, 2)
    np.testing.assert_allclose(to_halved_planes(pixels, tile, RANGE), four.mean(axis=(2, 4)), atol=1e-6)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_black_and_white_are_the_ends_of_the_range(kind):
    for value, end in ((0, RANGE[0]), (np.iinfo(kind).max, RANGE[1])):
        pixels = np.full((4, 6, 3), value, kind)
        np.testing.assert_allclose(to_halved_planes(pixels, window(0, 0, 4, 6), RANGE), end, atol=1e-6)
