"""The noise that is measured is the noise that was added."""

import numpy as np
import pytest

from deblurgan.blur.noise import Noise, measure_noise
from deblurgan.image import to_integer


def ramp(low=0.05, high=0.95, side=320):
    """A picture from dark to bright, with stripes in its upper half."""
    brightness = np.broadcast_to(np.linspace(low, high, side)[None, :, None], (side, side, 3)).copy()
    stripes = 0.04 * np.sin(np.indices((side // 2, side)).sum(axis=0) * 0.9)
    brightness[: side // 2] += stripes[:, :, None]
    return brightness.astype(np.float32)


def photographed(scene, noise, seed=0):
    deviation = np.sqrt(noise.read + noise.shot * np.clip(scene, 0, 1))
    return to_integer(scene + deviation * np.random.default_rng(seed).standard_normal(scene.shape), 8)


@pytest.mark.parametrize("true", [Noise(1e-4, 4e-4), Noise(2e-4, 1e-3), Noise(4e-4, 0.0)])
def test_read_and_shot_noise_are_recovered(true):
    found = measure_noise([photographed(ramp(), true, seed) for seed in range(3)])
    assert found.read == pytest.approx(true.read, rel=0.15)
    assert found.shot == pytest.approx(true.shot, rel=0.15, abs=3e-5)


def test_shot_noise_alone_leaves_no_read_noise():
    found = measure_noise([photographed(ramp(), Noise(0.0, 1e-3))])
    assert found.read < 2e-5
    assert found.shot == pytest.approx(1e-3, rel=0.1)


def test_texture_is_not_taken_for_noise():
    assert np.sqrt(measure_noise([to_integer(ramp(), 8)]).read) < 1 / 255


def test_one_brightness_gives_the_noise_there():
    true = Noise(1e-4, 4e-4)
    found = measure_noise([photographed(np.full((160, 160, 3), 0.5, np.float32), true)])
    assert found.read + 0.5 * found.shot == pytest.approx(true.read + 0.5 * true.shot, rel=0.1)


def test_clipped_black_and_white_tell_nothing():
    assert measure_noise([np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)]) == Noise(0.0, 0.0)
