"""A window of frames becomes one exposure: its mean, its middle, and its noise."""

import dataclasses
import math

import numpy as np
import pytest

from deblurgan.blur.averaging import average, variance_left
from deblurgan.blur.noise import measure_noise
from deblurgan.blur.sensor import GAMMA, Sensor
from deblurgan.blur.windows import WindowSettings, expose_windows
from deblurgan.image import to_float, to_integer

STORED = Sensor(linear=False, highlight=0, read_noise=0, shot_noise=0, jpeg_quality=None, seed=0)
LINEAR = dataclasses.replace(STORED, linear=True)
THREE = WindowSettings(shortest=3, longest=3, parts=1, linear=0, noisy=False)


def frames(count, side=32):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]


def test_stored_values_are_averaged_as_they_are():
    window = frames(5)
    np.testing.assert_allclose(average(window, 1, STORED), np.mean(window, axis=0) / 255, atol=1e-6)


def test_linear_light_is_averaged_as_light():
    window = frames(5)
    light = np.mean((np.array(window) / 255) ** GAMMA, axis=0)
    np.testing.assert_allclose(average(window, 1, LINEAR), light ** (1 / GAMMA), atol=1e-5)
    assert np.abs(average(window, 1, LINEAR) - average(window, 1, STORED)).max() > 0.05


def test_frames_of_16_bits_average_like_those_of_8():
    window = frames(3)
    deep = [frame.astype(np.uint16) * 257 for frame in window]
    np.testing.assert_allclose(average(deep, 1, STORED), average(window, 1, STORED), atol=1e-6)


def test_interpolation_fills_the_gaps_that_fast_motion_leaves():
    pytest.importorskip("cv2")
    pytest.importorskip("av")

    rows, columns = np.mgrid[0:64, 0:96]
    waves = np.sin(columns * 0.55 + np.sin(rows / 9)) + np.sin(rows * 0.3 + columns * 0.12)
    picture = to_integer(np.repeat(0.5 + 0.2 * waves[:, :, None], 3, axis=2), 8)
    moments = [np.roll(picture, place, 1) for place in range(9)]
    true = average(moments, 1, STORED)
    with_gaps, filled = (average(moments[::4], parts, STORED) for parts in (1, 4))
    inside = (slice(8, -8), slice(16, -16))
    assert np.abs(filled - true)[inside].mean() < 0.25 * np.abs(with_gaps - true)[inside].mean()


@pytest.mark.parametrize(("count", "left"), [(1, 1), (5, 1 / 5), (20, 1 / 20)])
def test_averaging_divides_the_noise_by_the_number_of_frames(count, left):
    assert variance_left(count, 1) == pytest.approx(left)


def test_noise_is_brought_back_to_the_level_of_one_frame():
    rng = np.random.default_rng(5)
    noisy = [to_integer(0.5 + 0.02 * rng.standard_normal((160, 160, 3)), 8) for _ in range(3)]
    (kept,) = expose_windows(noisy, dataclasses.replace(THREE, noisy=True), 0)
    (clean,) = expose_windows(noisy, THREE, 0)
    assert kept.blurred.std() == pytest.approx(0.02, rel=0.03)
    assert clean.blurred.std() == pytest.approx(0.02 / math.sqrt(3), rel=0.03)


def test_the_sharp_picture_is_the_middle_frame():
    window = frames(3)
    (pair,) = expose_windows(window, THREE, 0)
    assert pair.middle == 1
    np.testing.assert_array_equal(pair.sharp, window[1])


@pytest.mark.parametrize(("step", "middles"), [(None, [1, 4]), (1, [1, 2, 3, 4, 5, 6]), (5, [1, 6])])
def test_windows_follow_each_other_by_the_step(step, middles):
    pairs = list(expose_windows(frames(8), dataclasses.replace(THREE, step=step), 0))
    assert [pair.middle for pair in pairs] == middles


def test_each_window_averages_its_own_frames():
    clip = frames(8)
    for pair in expose_windows(clip, dataclasses.replace(THREE, step=5), 0):
        own = clip[pair.middle - 1 : pair.middle + 2]
        np.testing.assert_allclose(pair.blurred, np.mean([to_float(frame) for frame in own], axis=0), atol=1e-6)


def test_only_one_window_is_read_ahead():
    asked = []
    coming = (asked.append(number) or frame for number, frame in enumerate(frames(30)))
    next(expose_windows(coming, THREE, 0))
    assert len(asked) == 3


def test_the_last_window_is_shortened_to_what_is_left():
    settings = dataclasses.replace(THREE, longest=9, shortest=5)
    assert len(list(expose_windows(frames(6), settings, 0))) == 1
    assert not list(expose_windows(frames(4), settings, 0))


def test_noise_measured_in_a_clean_clip_is_none():
    assert math.sqrt(measure_noise([np.full((64, 64, 3), 90, np.uint8)]).read) < 1e-6
