"""Print that is put into pictures before they are blurred."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cv2")

from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.blur.lettering import Line, draw_lettering, lettered

GRAY = np.full((60, 120, 3), 0.5, np.float32)
LINE = Line("Exit", 30.0, (30.0, 60.0), 0.0, 0.0, 1.0, 0.04, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


@given(st.integers(0, 2**32 - 1), st.integers(1, 150), st.integers(1, 150))
def test_print_of_any_kind_fits_pictures_of_any_size(seed, height, width):
    picture = np.full((height, width, 3), 0.5, np.float32)
    printed = lettered(picture, draw_lettering(np.random.default_rng(seed), (height, width)))
    assert (printed.shape, printed.dtype) == (picture.shape, np.float32)
    assert printed.min() >= 0
    assert printed.max() <= 1


def test_a_line_is_ink_on_its_plate_and_leaves_the_rest_alone():
    printed = lettered(GRAY, (LINE,))
    for colour in (LINE.ink, LINE.plate):
        assert np.isclose(printed, colour).all(axis=2).any()
    np.testing.assert_array_equal(printed[:5], GRAY[:5])
    assert (GRAY == 0.5).all()


def test_without_a_plate_the_picture_is_seen_between_the_letters():
    printed = lettered(GRAY, (dataclasses.replace(LINE, plate=None),))
    within = printed[20:40, 30:90]
    for colour in (LINE.ink, 0.5):
        assert np.isclose(within, colour).all(axis=2).any()


@pytest.mark.parametrize(("change", "longer"), [({"stretch": 1.5}, 1.5), ({"height": 15.0}, 0.5)])
def test_lines_are_as_long_as_their_letters_ask(change, longer):
    usual, other = (
        np.ptp(np.nonzero((lettered(GRAY, (line,)) != GRAY).any(axis=(0, 2)))[0])
        for line in (dataclasses.replace(LINE, text="Ex"), dataclasses.replace(LINE, text="Ex", **change))
    )
    assert other == pytest.approx(longer * usual, rel=0.2)


def test_both_sides_of_a_pair_show_the_print():
    settings = BlurSettings(longest=8, still=0, layered=0, highlights=0, noisy=0, compressed=0, lettered=1.0)
    picture = np.full((96, 96, 3), 0.5, np.float32)
    drawn = draw_exposure(np.random.default_rng(0), settings, picture.shape[:2])
    assert drawn.lettering
    blurred, sharp = expose(picture, dataclasses.replace(drawn, lettering=(LINE,)))
    steepest = [np.abs(np.diff(side, axis=1)).max() for side in (blurred, sharp)]
    assert 0.05 < steepest[0] < 0.8 * steepest[1]
