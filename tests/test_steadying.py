"""Frames that show the same are averaged along the motion; nothing else of a clip changes."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from deblurgan.steadying import steadied  # noqa: E402

SCENE = np.random.default_rng(1).random((20, 30, 3)).repeat(8, 0).repeat(8, 1) * 0.6 + 0.2


def moving(count=5, step=3):
    """A scene that passes by, uint8 [128, 160, 3] each."""
    return [np.uint8(255 * SCENE[8:136, 8 + step * time :][:, :160] + 0.5) for time in range(count)]


def noisy(frames, seed=0):
    noise = np.random.default_rng(seed).normal(0, 8, (len(frames), *frames[0].shape))
    return [np.uint8(np.clip(frame + added, 0, 255)) for frame, added in zip(frames, noise, strict=True)]


def error(frames, right):
    return np.mean(
        [np.square(np.subtract(one, other, dtype=float)) for one, other in zip(frames, right, strict=True)]
    )


@pytest.mark.parametrize("step", [0, 3])
def test_what_differs_by_chance_is_averaged_along_the_motion(step):
    right = moving(step=step)
    spoilt = noisy(right)
    assert error(steadied(spoilt), right) < 0.65 * error(spoilt, right)


def test_the_sharper_of_two_that_show_the_same_counts_more():
    sharp = moving(2, step=0)[0]
    soft = cv2.GaussianBlur(sharp, (0, 0), 0.8)
    sharpened, softened = (next(steadied(clip)) for clip in ([soft, sharp], [sharp, soft]))
    before = error([soft], [sharp])
    assert error([sharpened], [sharp]) < 0.33 * before
    assert error([softened], [sharp]) < 0.1 * before


def test_a_scene_that_moves_stays_as_sharp_as_it_was():
    right = moving()
    assert error(steadied(right), right) < 4


def test_a_cut_keeps_both_scenes_apart():
    first, second = moving(3), [255 - frame[::-1] for frame in moving(3)]
    clip = [*first, *second]
    assert error(steadied(clip), clip) < 4


@pytest.mark.parametrize(("kind", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_depth_is_kept(kind, top):
    eight_bits = noisy(moving(3))
    clip = [(frame / 255 * top).astype(kind) for frame in eight_bits]
    for frame, same in zip(steadied(clip), steadied(eight_bits), strict=True):
        assert frame.dtype == kind
        np.testing.assert_allclose(frame / top, same / 255, atol=2 / 255)


def test_frames_that_go_through_stay_and_are_not_merged_with():
    first, *_, last = moving(4)
    assert [frame is None for frame in steadied([None, first, None, last])] == [True, False, True, False]
    assert list(steadied([None, first, None]))[1] is first


@pytest.mark.parametrize("count", [0, 1, 2])
def test_short_clips_keep_their_length(count):
    assert len(list(steadied(moving(3)[:count]))) == count


@pytest.mark.parametrize("rows", [1, 20, 31])
def test_frames_too_small_for_an_optical_flow_stay_as_they_are(rows):
    clip = [frame[:rows] for frame in noisy(moving(3))]
    for frame, same in zip(clip, steadied(clip), strict=True):
        np.testing.assert_array_equal(frame, same)
