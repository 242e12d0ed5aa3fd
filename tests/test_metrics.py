"""Metrics agree with closed forms and with scikit-image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter1d
from skimage.data import astronaut
from skimage.metrics import structural_similarity

from deblurgan.metrics import METRICS, cw_ssim, luma, psnr, ssim, ssim_uniform
from deblurgan.metrics.wavelet import ricker_transform

shifts = st.integers(1, 200)


@given(shifts)
def test_psnr_of_a_constant_difference_has_a_closed_form(shift):
    black = np.zeros((4, 5, 3), np.uint8)
    assert psnr(black + np.uint8(shift), black, data_range=255) == pytest.approx(20 * math.log10(255 / shift))


def test_psnr_of_equal_pictures_is_infinite(scene):
    assert psnr(scene, scene, data_range=255) == math.inf


@given(st.integers(0, 2**32 - 1))
def test_psnr_does_not_depend_on_the_unit(seed):
    first, second = np.random.default_rng(seed).random((2, 6, 7, 3))
    assert psnr(first, second, data_range=1) == pytest.approx(psnr(255 * first, 255 * second, data_range=255))


@pytest.fixture
def large(scene):
    """A picture that every metric's windows fit into, uint8 [192, 256, 3]."""
    return np.tile(scene, (2, 2, 1))


# LPIPS and DISTS have tests of their own, for they need weights.
OF_PAIRS = [name for name, metric in METRICS.items() if metric.needs_reference and metric.extra != "train"]


def installed(name):
    if METRICS[name].extra == "evaluate":
        pytest.importorskip("cv2")
    return METRICS[name]


@pytest.mark.parametrize("name", OF_PAIRS)
def test_every_metric_is_best_for_equal_pictures(name, large):
    metric, other = installed(name), np.roll(large, 3, axis=1) // 2
    same, changed = metric(large, large, data_range=255), metric(other, large, data_range=255)
    assert (same > changed) == metric.higher_is_better


@pytest.mark.parametrize("name", [name for name in OF_PAIRS if not name.startswith(("aligned", "shifted"))])
def test_metrics_without_registration_are_symmetric(name, large):
    other = np.roll(large, 3, axis=1)
    there, back = (METRICS[name](*both, data_range=255) for both in ((large, other), (other, large)))
    assert there == pytest.approx(back)


@pytest.mark.parametrize("name", OF_PAIRS)
def test_every_metric_refuses_pictures_of_different_shape(name, large):
    with pytest.raises(ValueError, match="shape"):
        installed(name)(large, large[1:], data_range=255)


def test_ssim_is_that_of_scikit_image(scene):
    noisy = np.clip(scene + np.random.default_rng(0).normal(0, 20, scene.shape), 0, 255).astype(np.uint8)
    expected = structural_similarity(
        scene,
        noisy,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(noisy, scene, data_range=255) == pytest.approx(expected, abs=1e-6)


def test_the_uniform_ssim_is_scikit_image_s_default(scene):
    noisy = np.clip(scene + np.random.default_rng(0).normal(0, 20, scene.shape), 0, 255).astype(np.uint8)
    expected = structural_similarity(scene, noisy, channel_axis=2, data_range=255)
    assert ssim_uniform(noisy, scene, data_range=255) == pytest.approx(expected, abs=1e-6)


def test_luma_of_black_and_white_is_the_studio_range():
    ends = np.array([[[0, 0, 0], [255, 255, 255]]])
    np.testing.assert_allclose(luma(ends, data_range=255), [[16, 235]])


# An independent reading of the official script gave these for a box blur of 9 pixels.
@pytest.mark.parametrize(("axis", "expected"), [(1, (0.811, 0.995)), (0, (0.844, 0.963))])
def test_the_official_similarity_is_as_lenient_as_reported(axis, expected):
    sharp = astronaut()
    blurred = np.rint(uniform_filter1d(sharp.astype(float), 9, axis=axis)).astype(np.uint8)
    found = ssim_uniform(blurred, sharp, data_range=255), cw_ssim(blurred, sharp, data_range=255)
    assert found == pytest.approx(expected, abs=2e-3)


def test_the_wavelet_transform_is_a_convolution_of_the_same_length():
    signal = np.random.default_rng(0).random(200)
    points = 30
    place = (np.arange(points) - (points - 1) / 2) / 3
    wavelet = 2 / (math.sqrt(9) * math.pi**0.25) * (1 - place**2) * np.exp(-(place**2) / 2)
    np.testing.assert_allclose(ricker_transform(signal, 3), np.convolve(signal, wavelet, "same"), atol=1e-9)


def test_ssim_refuses_a_picture_smaller_than_its_window():
    with pytest.raises(ValueError, match="11 pixels"):
        ssim(np.zeros((10, 40)), np.zeros((10, 40)), data_range=255)
