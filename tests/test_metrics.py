"""Metrics agree with closed forms and with scikit-image."""

import math

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.ndimage import uniform_filter1d
from skimage.data import astronaut, chelsea, coffee, rocket
from skimage.measure import blur_effect
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from deblurgan.metrics import (
    METRICS,
    aligned_psnr,
    aligned_ssim,
    cw_ssim,
    luma,
    ms_ssim,
    psnr,
    shifted_psnr,
    ssim,
    ssim_uniform,
)
from deblurgan.metrics.alignment import found_shift
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


@pytest.fixture(scope="module")
def two_hundred():
    """Pairs of pictures, half random, half crops of photographs, each beside a worse version of itself."""
    found, photographs = [], [astronaut(), coffee(), chelsea(), rocket()]
    for seed in range(200):
        rng = np.random.default_rng(seed)
        height, width = rng.integers(11, 72, 2)
        if seed % 2:
            low = rng.integers(0, 200)
            picture = rng.integers(low, rng.integers(low + 1, 257), (height, width, 3)).astype(np.uint8)
        else:
            photograph = photographs[seed // 2 % 4]
            top, left = (rng.integers(0, side - 72) for side in photograph.shape[:2])
            picture = photograph[top : top + height, left : left + width]
        worse = uniform_filter1d(picture.astype(float), rng.integers(1, 9), axis=seed // 2 % 2)
        worse += rng.normal(0, rng.uniform(0, 30), picture.shape)
        found.append((np.clip(np.rint(worse), 0, 255).astype(np.uint8), picture))
    return found


GAUSSIAN = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
ORACLES = {
    "psnr": lambda worse, picture: peak_signal_noise_ratio(picture, worse, data_range=255),
    "ssim": lambda worse, picture: structural_similarity(
        worse, picture, channel_axis=2, data_range=255, **GAUSSIAN
    ),
    "ssim_uniform": lambda worse, picture: structural_similarity(worse, picture, channel_axis=2, data_range=255),
    "ssim_y": lambda worse, picture: structural_similarity(
        luma(worse, data_range=255), luma(picture, data_range=255), data_range=255, **GAUSSIAN
    ),
    "sharpness": lambda worse, picture: 1 - blur_effect(worse, channel_axis=2),
}


@pytest.mark.parametrize("name", ORACLES)
def test_two_hundred_pictures_measure_as_scikit_image_measures_them(name, two_hundred):
    found = [METRICS[name](*pair, data_range=255) for pair in two_hundred]
    np.testing.assert_allclose(found, [ORACLES[name](*pair) for pair in two_hundred], rtol=0, atol=1e-6)


def test_multi_scale_ssim_of_flat_pictures_is_the_luminance_term_of_the_last_scale():
    one, other = np.full((176, 180, 3), 100.0), np.full((176, 180, 3), 150.0)
    constant = (0.01 * 255) ** 2
    luminance = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert ms_ssim(one, other, data_range=255) == pytest.approx(luminance**0.1333, abs=1e-6)


def test_multi_scale_ssim_forgives_fine_noise_more_than_ssim_does(large):
    noisy = np.clip(large + np.random.default_rng(0).normal(0, 20, large.shape), 0, 255)
    assert ms_ssim(noisy, large, data_range=255) > ssim(noisy, large, data_range=255) + 0.05


def test_a_shift_is_undone_before_comparing():
    photograph = astronaut().astype(float)
    moved = ndimage.shift(photograph, (2.3, -1.6, 0), mode="nearest")[100:300, 100:300]
    assert found_shift(moved[..., 1], photograph[100:300, 100:300, 1]) == pytest.approx((-2.3, 1.6), abs=0.11)
    crop = photograph[100:300, 100:300]
    assert shifted_psnr(moved, crop, data_range=255) > psnr(moved, crop, data_range=255) + 8


def test_a_homography_and_a_darker_exposure_are_undone_before_comparing():
    pytest.importorskip("cv2")
    crop = astronaut()[100:300, 100:300].astype(float)
    turned = ndimage.rotate(astronaut().astype(float), 1, reshape=False, order=3)[100:300, 100:300] * 0.8
    assert aligned_psnr(turned, crop, data_range=255) > psnr(turned, crop, data_range=255) + 3
    assert aligned_ssim(turned, crop, data_range=255) > ssim(turned, crop, data_range=255) + 0.1


def test_a_metric_without_reference_sees_the_picture_alone(scene):
    blurred = uniform_filter1d(scene.astype(float), 9, axis=1)
    sharpness = METRICS["sharpness"]
    assert sharpness(blurred, scene, data_range=255) < sharpness(scene, blurred, data_range=255)


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


def test_cw_ssim_is_the_sum_its_text_describes(scene):
    one, other = scene[:24, :40], np.roll(scene, 2, axis=1)[:24, :40]
    first, second = (np.asarray(PIL.Image.fromarray(each).convert("L"), float).ravel() for each in (one, other))
    a, b = [], []
    for width in range(1, 31):
        points = min(10 * width, len(first))
        place = (np.arange(points) - (points - 1) / 2) / width
        wavelet = 2 / (math.sqrt(3 * width) * math.pi**0.25) * (1 - place**2) * np.exp(-(place**2) / 2)
        a.append(np.convolve(first, wavelet, "same"))
        b.append(np.convolve(second, wavelet, "same"))
    a, b = np.array(a), np.array(b)
    products = np.abs(a * b).sum(axis=0)
    magnitude = (2 * products + 0.01) / ((a**2).sum(axis=0) + (b**2).sum(axis=0) + 0.01)
    phase = (2 * np.abs((a * b).sum(axis=0)) + 0.01) / (2 * products + 0.01)
    assert cw_ssim(one, other, data_range=255) == pytest.approx((magnitude * phase).mean(), abs=1e-9)


def test_the_wavelet_transform_is_a_convolution_of_the_same_length():
    signal = np.random.default_rng(0).random(200)
    points = 30
    place = (np.arange(points) - (points - 1) / 2) / 3
    wavelet = 2 / (math.sqrt(9) * math.pi**0.25) * (1 - place**2) * np.exp(-(place**2) / 2)
    np.testing.assert_allclose(ricker_transform(signal, 3), np.convolve(signal, wavelet, "same"), atol=1e-9)


def test_ssim_refuses_a_picture_smaller_than_its_window():
    with pytest.raises(ValueError, match="11 pixels"):
        ssim(np.zeros((10, 40)), np.zeros((10, 40)), data_range=255)
