"""The guard takes back damage and needless change, and leaves good restorations alone."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deblurgan.block_statistics import measure, steepest
from deblurgan.blur import BlurSettings, draw_exposure, expose
from deblurgan.guard import CRITERIA, Criterion, Verdict, blurred_share, judge, mix

sizes = st.tuples(st.integers(1, 130), st.integers(1, 130))


def noise(size, seed):
    return np.random.default_rng(seed).random((*size, 3), np.float32)


def guarded(before, after):
    mixed = after.copy()
    mix(before, mixed, judge(before, after))
    return mixed


@pytest.fixture(scope="module")
def sharp():
    """Soft hills with steps between them and a fine texture, float32 [448, 576, 3]."""
    rows, columns = np.mgrid[0:448, 0:576] / 32
    hills = np.sin(rows)[..., None] * np.cos(columns[..., None] * [1.0, 1.1, 1.2]) / 6
    steps = (rows.astype(int) + columns.astype(int)) % 3 / 4
    texture = np.random.default_rng(3).normal(0, 0.01, hills.shape)
    return np.clip(0.25 + hills + steps[..., None] + texture, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def exposed(sharp):
    """(blurred, sharp) of a diagonal motion, without noise."""
    still_life = BlurSettings(longest=8, shortest=12, still=0, layered=0, highlights=0, noisy=0, compressed=0)
    return expose(sharp, draw_exposure(np.random.default_rng(5), still_life, sharp.shape[:2]))


def tinted(result):
    result[64:320, 64:320, 0] += 0.2


def blackened(result):
    result[64:320, 64:320] = 0


def gridded(result):
    result[::4, ::4] += 0.1


def noised(result):
    result += np.random.default_rng(1).normal(0, 0.2, result.shape).astype(np.float32)


DAMAGES = {
    "colours shifted": tinted,
    "brightness shifted": blackened,
    "a grid appeared": gridded,
    "noise appeared": noised,
}


@settings(max_examples=25)
@given(sizes, st.integers(0, 2**32 - 1))
def test_a_result_like_its_input_is_kept_whole(size, seed):
    picture = noise(size, seed)
    assert judge(picture, picture.copy()) == Verdict()


@settings(max_examples=25)
@given(sizes, st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_mixing_never_leaves_the_range_of_both_pictures(size, seed, amount):
    before = noise(size, seed)
    after = (1 - np.float32(amount)) * before + np.float32(amount) * noise(size, seed + 1)
    verdict = judge(before, after)
    mixed = guarded(before, after)
    assert 0 <= verdict.share <= 1
    assert (mixed >= np.minimum(before, after) - 1e-6).all()
    assert (mixed <= np.maximum(before, after) + 1e-6).all()


@settings(max_examples=25)
@given(sizes, st.integers(0, 2**32 - 1), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_a_value_that_is_not_finite_refuses_the_whole(size, seed, value):
    before, after = noise(size, seed), noise(size, seed + 1)
    after.reshape(-1)[seed % after.size] = value
    verdict = judge(before, after)
    assert verdict.share == 0
    assert "not finite" in verdict.reason
    np.testing.assert_array_equal(guarded(before, after), before)


def test_a_perfect_restoration_is_kept(exposed):
    blurred, sharp = exposed
    verdict = judge(blurred, sharp)
    assert verdict.share > 0.99
    assert verdict.reason == ""


def test_a_needless_change_to_a_sharp_picture_is_taken_back(sharp):
    stronger = np.clip(sharp + 0.2 * (sharp - np.roll(sharp, 1, axis=1)), 0, 1)
    verdict = judge(sharp, stronger)
    assert verdict.share < 0.2
    assert "sharp already" in verdict.reason


@pytest.mark.parametrize(
    ("along", "across", "background", "kept_whole"),
    [(2, 1, 0.1, True), (1, 1, 0.1, False), (2, 1, 0.5, False)],
    ids=["trail in the dark", "sharp sign in the dark", "bar by day"],
)
def test_the_trail_of_a_light_in_the_dark_is_no_sharp_edge(along, across, background, kept_whole):
    def profile(rise):
        return np.interp(np.arange(32), [8, 8 + rise, 24 - rise, 24], [0, 1, 1, 0])

    light = background + (1 - background) * np.outer(profile(across), profile(along))
    before = np.tile(light[..., None], (4, 5, 3)).astype(np.float32)
    only_sharpness = {"sharpness": CRITERIA["sharpness"]}
    assert (judge(before, 0.9 * before, only_sharpness).share == 1) is kept_whole
    assert (blurred_share(before) == 1) is kept_whole


def test_what_is_kept_of_a_change_is_never_said_to_be_nothing(sharp):
    stronger = np.clip(sharp + 0.2 * (sharp - np.roll(sharp, 1, axis=1)), 0, 1)

    def hardly(statistics):
        return np.full_like(statistics.amount, 0.999)

    verdict = judge(sharp, stronger, {"hardly": Criterion(hardly, 0, 1, "sharp already", damage=False)})
    assert 0 < verdict.share < 0.005
    assert verdict.reason.startswith("kept less than 1% of the change: sharp already")


@pytest.mark.parametrize("finding", DAMAGES)
def test_damage_is_named_and_most_of_it_taken_back(exposed, finding):
    blurred, sharp = exposed
    spoilt = sharp.copy()
    DAMAGES[finding](spoilt)
    verdict = judge(blurred, spoilt)
    assert finding in verdict.reason
    left = np.linalg.norm(guarded(blurred, spoilt) - sharp) - np.linalg.norm(blurred - sharp)
    assert left < 0.3 * np.linalg.norm(spoilt - sharp)


def test_damage_in_one_place_costs_nothing_elsewhere(exposed):
    blurred, sharp = exposed
    spoilt = sharp.copy()
    spoilt[40:90, 40:90] = (1, 0, 1)
    mixed = guarded(blurred, spoilt)
    np.testing.assert_array_equal(mixed[300:, 300:], sharp[300:, 300:])
    np.testing.assert_allclose(mixed[40:90, 40:90], blurred[40:90, 40:90], atol=1e-6)


@settings(max_examples=40)
@given(sizes, st.integers(0, 2**32 - 1), st.sampled_from(["uint8", "uint16"]), st.booleans())
def test_whole_numbers_measure_as_their_floats_do(size, seed, kind, extreme):
    white = np.iinfo(kind).max
    before, after = noise(size, seed), noise(size, seed + 1)
    if extreme:
        before, after = (before > 0.5).astype(np.float32), np.ones_like(before)
    before, after = (np.round(white * picture).astype(kind) for picture in (before, after))
    as_floats = [(picture / white).astype(np.float32) for picture in (before, after)]
    whole, floats = measure(before, after), measure(*as_floats)
    for field in fields(whole):
        # The strength of a grid is a root, which magnifies rounding where there is none.
        tolerance = 0.03 if field.name == "grid" else 1e-5
        measured, expected = (getattr(statistics, field.name) for statistics in (whole, floats))
        np.testing.assert_allclose(measured, expected, atol=tolerance, err_msg=field.name)
    for measured, expected in zip(steepest(before), steepest(as_floats[0]), strict=True):
        np.testing.assert_allclose(measured, expected, atol=1e-5)


def test_threads_change_nothing(exposed):
    blurred, sharp = exposed
    mixed = []
    for threads in (1, 3):
        after = sharp.copy()
        after[40:90, 40:90] = (1, 0, 1)
        verdict = judge(blurred, after, threads=threads)
        assert 0 < verdict.share < 1
        mix(blurred, after, verdict, threads=threads)
        mixed.append(after)
    np.testing.assert_array_equal(*mixed)


@pytest.mark.parametrize("name", CRITERIA)
def test_every_criterion_falls_from_its_limit_to_its_refusal(name):
    criterion = CRITERIA[name]
    assert 0 < criterion.limit < criterion.refusal
    assert criterion.finding
