"""Blur synthesis: drawn apart from being applied, repeatable, and centred on the sharp picture."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.blur.camera import blur_with
from deblurgan.blur.defocus import defocused, disc
from deblurgan.blur.kernel import rasterise
from deblurgan.blur.lights import Lamp, Night, draw_night, lit
from deblurgan.blur.sensor import Processing, Sensor, add_noise, sharpened, smoothed, to_light, to_values
from deblurgan.blur.trajectory import Trajectory, draw_trajectory

CLEAN = BlurSettings(longest=8, layered=0, linear=0, highlights=0, noisy=0, compressed=0)
seeds = st.integers(0, 2**32 - 1)


def straight(down: float, right: float) -> Trajectory:
    time = np.linspace(-0.5, 0.5, 33)
    return Trajectory(np.stack([down * time, right * time], axis=1), 0 * time, 0 * time, (0.0, 0.0))


def picture_for(settings: BlurSettings, side: int = 24) -> np.ndarray:
    full = side + 2 * settings.longest
    return np.random.default_rng(1).random((full, full, 3), np.float32)


@given(seeds, st.floats(0, 20), st.floats(0, 10), st.floats(0, 10))
def test_kernels_sum_to_one_and_are_not_negative(seed, length, rotation, zoom):
    rng = np.random.default_rng(seed)
    trajectory = draw_trajectory(rng, length=length, size=(64, 64), rotation=rotation, zoom=zoom, straightness=1.5)
    kernel = rasterise(trajectory.displacements((10.0, 50.0)), (128, 128))
    assert kernel.min() >= 0
    assert kernel.sum() == pytest.approx(1)


@given(seeds)
def test_every_point_is_smeared_around_its_place(seed):
    trajectory = draw_trajectory(
        np.random.default_rng(seed), length=12, size=(64, 64), rotation=8, zoom=5, straightness=1.5
    )
    for motion in (trajectory.shift, trajectory.angle, trajectory.zoom):
        np.testing.assert_allclose(motion.mean(axis=0), 0, atol=1e-9)
    # Turning and zooming at once leave a little.
    np.testing.assert_allclose(trajectory.displacements((3.0, 40.0)).mean(axis=0), 0, atol=0.2)


def test_a_straight_motion_spreads_a_point_over_its_length():
    point = np.zeros((41, 41, 1), np.float32)
    point[20, 20] = 1
    blurred = blur_with(point, straight(0, 8), margin=8)[:, :, 0]
    lit = np.flatnonzero(blurred[12] > 0.01)
    assert (lit[0], lit[-1]) == (8, 16)
    assert blurred.sum() == pytest.approx(1, abs=1e-4)
    assert np.delete(blurred, 12, axis=0).max() < 1e-4


def test_the_sharp_target_is_the_picture_inside_the_margin():
    picture = picture_for(CLEAN)
    _, sharp = expose(picture, draw_exposure(np.random.default_rng(0), CLEAN, picture.shape[:2]))
    np.testing.assert_allclose(sharp, picture[8:-8, 8:-8], atol=1e-6)


def test_a_still_camera_leaves_the_picture_alone():
    settings = dataclasses.replace(CLEAN, still=1.0)
    picture = picture_for(settings)
    blurred, sharp = expose(picture, draw_exposure(np.random.default_rng(0), settings, picture.shape[:2]))
    np.testing.assert_allclose(blurred, sharp, atol=0.6 / 255)


@given(seeds)
def test_an_even_surface_stays_even_however_the_camera_moves(seed):
    settings = dataclasses.replace(CLEAN, layered=1.0, linear=0.5)
    even = np.full((56, 56, 3), 0.4, np.float32)
    blurred, sharp = expose(even, draw_exposure(np.random.default_rng(seed), settings, (56, 56)))
    np.testing.assert_allclose(blurred, 0.4, atol=1 / 255)
    np.testing.assert_allclose(sharp, 0.4, atol=1e-3)


@given(seeds)
def test_no_point_moves_further_than_the_longest_displacement(seed):
    settings = BlurSettings(longest=10, layered=1.0)
    exposure = draw_exposure(np.random.default_rng(seed), settings, (80, 80))
    for trajectory in (exposure.camera, *(layer.trajectory for layer in exposure.layers)):
        for corner in ((10.0, 10.0), (10.0, 69.0), (69.0, 10.0), (69.0, 69.0)):
            assert np.abs(trajectory.displacements(corner)).max() <= 10


@given(seeds)
def test_the_same_draw_gives_the_same_pair(seed):
    settings = BlurSettings(longest=8)
    picture = picture_for(settings)
    first, second = (
        expose(picture, draw_exposure(np.random.default_rng(seed), settings, picture.shape[:2])) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_rotation_blurs_more_far_from_its_centre():
    time = np.linspace(-0.5, 0.5, 33)
    turning = Trajectory(np.zeros((33, 2)), 0.2 * time, 0 * time, (0.0, 0.0))
    assert turning.reach([(50.0, 50.0)]) > 4 * turning.reach([(10.0, 10.0)])


def test_light_and_values_undo_each_other():
    values = np.linspace(0, 0.95, 50, dtype=np.float32)
    sensor = Sensor(linear=True, highlight=5.0, read_noise=0, shot_noise=0, jpeg_quality=None, seed=0)
    np.testing.assert_allclose(to_values(to_light(values, sensor), sensor), values, atol=1e-5)


def test_a_highlight_stays_white_where_it_was_smeared():
    lamp = np.zeros((9, 25, 1), np.float32)
    lamp[:, 11:14] = 1
    sensor = Sensor(linear=True, highlight=8.0, read_noise=0, shot_noise=0, jpeg_quality=None, seed=0)
    dim = dataclasses.replace(sensor, highlight=0.0)
    bright_trail, dim_trail = (
        to_values(blur_with(to_light(lamp, camera), straight(0, 6), margin=4), camera) for camera in (sensor, dim)
    )
    assert bright_trail.max() == 1
    assert (bright_trail > 0.99).sum() > (dim_trail > 0.99).sum()


def test_noise_has_the_stated_variance():
    sensor = Sensor(linear=False, highlight=0, read_noise=0.02, shot_noise=0.001, jpeg_quality=None, seed=3)
    noisy = add_noise(np.full((200, 200, 3), 0.5, np.float32), sensor)
    assert noisy.var() == pytest.approx(0.02**2 + 0.001 * 0.5, rel=0.03)


@given(st.floats(0.6, 12))
def test_a_disc_is_round_as_large_as_its_radius_and_keeps_the_light(radius):
    kernel = disc(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(kernel, np.rot90(kernel))
    assert 1 / kernel.max() == pytest.approx(np.pi * radius**2, rel=0.35)
    even = np.full((40, 40, 3), 0.3, np.float32)
    np.testing.assert_allclose(defocused(even, radius), even, atol=1e-5)


def test_what_is_out_of_focus_is_so_on_both_sides_of_a_pair():
    settings = dataclasses.replace(CLEAN, defocused=1.0, defocus_radius=2.0)
    picture = picture_for(settings)
    drawn = [draw_exposure(np.random.default_rng(seed), settings, picture.shape[:2]) for seed in range(20)]
    pairs = [expose(picture, exposure) for exposure in drawn]
    assert {exposure.defocus for exposure in drawn} == {2.0}
    assert all(sharp.std() < 0.5 * picture.std() for _, sharp in pairs)
    still = sum(np.abs(blurred - sharp).max() < 1 / 255 for blurred, sharp in pairs)
    assert 4 <= still <= 16


LAMP = Lamp((20.0, 30.0), (3.0, 3.0), 0.0, (6.0, 3.0, 1.5), glow=0.0, glow_scale=1.0)


def test_a_lamp_has_its_own_light_inside_and_leaves_the_dark_around_it():
    dim = lit(np.full((48, 64, 3), 0.5, np.float32), Night(0.2, (LAMP,)))
    np.testing.assert_allclose(dim[20, 30], LAMP.light)
    np.testing.assert_allclose(dim[20, 40], 0.1, atol=1e-6)
    # As much light as its disc has room for.
    assert (dim[:, :, 0] - 0.1).sum() == pytest.approx(5.9 * np.pi * 9, rel=0.05)


def test_glow_fades_with_the_distance_from_the_lamp():
    glowing = dataclasses.replace(LAMP, glow=0.05, glow_scale=5.0)
    row = lit(np.zeros((48, 64, 3), np.float32), Night(1.0, (glowing,)))[20, 34:50, 0]
    assert (np.diff(row) < 0).all()
    assert row[0] < 0.05 * 6


@given(seeds, st.integers(2, 40), st.integers(2, 40))
def test_a_night_is_never_brighter_than_the_day_but_for_its_lamps(seed, height, width):
    night = draw_night(np.random.default_rng(seed), (height, width))
    assert night.lamps
    assert (lit(np.zeros((height, width, 3), np.float32), night) >= 0).all()
    dark = dataclasses.replace(night, lamps=())
    assert (lit(np.ones((height, width, 3), np.float32), dark) <= 1).all()


def test_by_night_a_lamp_leaves_a_clipped_trail_of_which_the_sharp_picture_holds_a_point():
    settings = dataclasses.replace(CLEAN, shortest=12, still=0, straightness=40, rotation=0, zoom=0, night=1.0)
    picture = picture_for(settings, side=64) * 0.2
    drawn = draw_exposure(np.random.default_rng(0), settings, picture.shape[:2])
    night = Night(0.5, (dataclasses.replace(LAMP, centre=(40.0, 40.0), radii=(1.0, 1.0), light=(30.0,) * 3),))
    blurred, sharp = expose(picture, dataclasses.replace(drawn, night=night))
    assert drawn.sensor.linear
    assert (blurred.min(axis=2) > 0.99).sum() > 2 * (sharp.min(axis=2) > 0.99).sum() > 0


PROCESSED = Sensor(
    linear=False,
    highlight=0,
    read_noise=0.03,
    shot_noise=0,
    jpeg_quality=None,
    seed=0,
    processing=Processing(smoothing=4.0, sharpening=1.0, radius=1.0),
)


def test_a_camera_evens_out_most_of_its_noise_and_leaves_edges():
    step = np.zeros((40, 40, 3), np.float32)
    step[:, 20:] = 0.8
    noisy = add_noise(np.clip(step + 0.1, 0, 1), PROCESSED)
    even = smoothed(noisy, PROCESSED)
    assert even[:, :18].std() < 0.5 * noisy[:, :18].std()
    assert (even[:, 21] - even[:, 18]).mean() > 0.75


def test_a_camera_steepens_edges_and_leaves_even_surfaces():
    ramp = np.tile(np.repeat(np.array([0.3, 0.5, 0.7], np.float32), (18, 4, 18))[None, :, None], (20, 1, 3))
    crisp = sharpened(ramp, PROCESSED)
    assert crisp.max() > 0.71
    np.testing.assert_allclose(crisp[:, :8], 0.3, atol=1e-4)


def test_of_a_processed_picture_both_sides_are_sharpened():
    picture = picture_for(CLEAN)
    still = draw_exposure(np.random.default_rng(0), dataclasses.replace(CLEAN, still=1.0), picture.shape[:2])
    quiet = dataclasses.replace(PROCESSED, read_noise=0.0)
    blurred, sharp = expose(picture, dataclasses.replace(still, sensor=quiet))
    np.testing.assert_allclose(blurred, sharp, atol=0.6 / 255)
    assert np.abs(sharp - picture[8:-8, 8:-8]).max() > 0.05
