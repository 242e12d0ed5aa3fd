"""What lies under full transparency is not seen, and changes nothing that is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.image import Image, read, write
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.photo import restore_photo
from deblurgan.restore import load
from deblurgan.restore_options import RestoreOptions
from deblurgan.transparency import covered

KINDS = {"uint8": 255, "uint16": 65_535, "float32": 1}


@given(
    st.integers(1, 150), st.integers(1, 90), st.sampled_from(sorted(KINDS)), st.floats(0, 1), st.integers(0, 2**32)
)
def test_seen_pixels_stay_and_hidden_ones_take_colours_from_among_them(height, width, kind, share, seed):
    rng = np.random.default_rng(seed)
    pixels = (rng.uniform(0.2, 0.8, (height, width, 3)) * KINDS[kind]).astype(kind)
    seen = rng.uniform(size=(height, width)) < share
    filled = covered(pixels, (seen * KINDS[kind]).astype(kind))
    assert (filled.dtype, filled.shape) == (pixels.dtype, pixels.shape)
    np.testing.assert_array_equal(filled[seen], pixels[seen])
    if seen.any():
        rounding = 1e-6 if kind == "float32" else 1
        assert (filled[~seen] >= pixels[seen].min(axis=0) - rounding).all()
        assert (filled[~seen] <= pixels[seen].max(axis=0) + rounding).all()


def test_a_picture_that_is_seen_whole_or_not_at_all_is_left_alone():
    pixels = np.zeros((5, 7, 3), np.uint8)
    for opacity in (0, 255):
        assert covered(pixels, np.full((5, 7), opacity, np.uint8)) is pixels


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_hidden_colours_stay_and_do_not_reach_what_is_seen(kind, scene, tmp_path):
    white = np.iinfo(kind).max
    pixels = scene.astype(kind) * (white // 255)
    alpha = np.full(scene.shape[:2], white, kind)
    alpha[:, 60:] = 0
    results = []
    restorer = load("fast")
    for hidden in (0, white):
        pixels[:, 60:] = hidden
        source, target = tmp_path / f"{hidden}.png", tmp_path / f"{hidden}_sharp.png"
        write(Image(pixels, alpha, bit_depth=8 * pixels.itemsize), source)
        options = PhotoOptions(restore=RestoreOptions(guard=False))
        assert restore_photo(Job(source, target), restorer, options).status == "done"
        results.append(read(target, as_stored=True))
        assert (results[-1].pixels[:, 60:] == hidden).all()
        np.testing.assert_array_equal(results[-1].alpha, alpha)
    restorer.close()
    np.testing.assert_array_equal(results[0].pixels[:, :60], results[1].pixels[:, :60])
    assert (results[0].pixels[:, :60] != pixels[:, :60]).any()
