"""Interpolated frames show things where they are at that moment, not in two places."""

import numpy as np
import pytest

from deblurgan.metrics import psnr

pytest.importorskip("cv2")
pytest.importorskip("av")

from deblurgan.blur.interpolation import estimate_motion, interpolate

EDGE = 16


@pytest.fixture
def texture():
    """Smooth random texture, float32 [H, W, 3]."""
    rng = np.random.default_rng(3)
    spectrum = np.fft.rfft2(rng.standard_normal((160, 192, 3)), axes=(0, 1))
    rows, columns = np.fft.fftfreq(160)[:, None, None], np.fft.rfftfreq(192)[None, :, None]
    smooth = np.fft.irfft2(spectrum * np.exp(-((rows**2 + columns**2) / 0.003)), s=(160, 192), axes=(0, 1))
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def inner_psnr(found, true):
    inside = (slice(EDGE, -EDGE), slice(EDGE, -EDGE))
    return psnr(found[inside], true[inside], data_range=1.0)


@pytest.mark.parametrize("time", [0.25, 0.5])
def test_a_moment_between_two_frames_is_close_to_the_true_one(texture, time):
    first, second = texture, np.roll(texture, (4, 8), (0, 1))
    true = np.roll(texture, (round(4 * time), round(8 * time)), (0, 1))
    found = inner_psnr(interpolate(first, second, estimate_motion(first, second), time), true)
    crossfaded = inner_psnr((1 - time) * first + time * second, true)
    assert found > 40
    assert found > crossfaded + 15


def test_an_object_hides_and_uncovers_what_is_behind_it(texture):
    def scene(place):
        seen = np.roll(texture, -place // 4, 1)
        seen[60:100, 60 + place : 100 + place] = 0.5 * texture[:40, :40, ::-1]
        return seen

    first, middle, second = scene(0), scene(4), scene(8)
    found = inner_psnr(interpolate(first, second, estimate_motion(first, second), 0.5), middle)
    assert found > inner_psnr((first + second) / 2, middle) + 5


def test_both_ends_are_the_frames_themselves(texture):
    first, second = texture, np.roll(texture, 3, 1)
    motion = estimate_motion(first, second)
    np.testing.assert_allclose(interpolate(first, second, motion, 0.0), first, atol=1e-6)
    np.testing.assert_allclose(interpolate(first, second, motion, 1.0), second, atol=1e-6)


def test_the_flow_says_how_far_things_went(texture):
    motion = estimate_motion(texture, np.roll(texture, (2, 5), (0, 1)))
    inside = motion.forward[EDGE:-EDGE, EDGE:-EDGE].reshape(-1, 2)
    np.testing.assert_allclose(np.median(inside, axis=0), (5, 2), atol=0.1)
    assert np.median(motion.forward_trust) > 0.95


def test_unlike_frames_are_refused(texture):
    with pytest.raises(ValueError, match="alike"):
        estimate_motion(texture, texture[:-1])
