"""Large pictures and videos are computed in int8 unless somebody wants them as exact as can be."""

import numpy as np
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan import RestoreOptions, Restorer, load, restore_plan
from deblurgan.metrics import psnr
from deblurgan.video.restoration import FrameOptions, restored_frames

LARGE = (2000, 3000)


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("openvino")
    restorer = load("fast", engine="openvino")
    if restorer.engine.quick is None:
        pytest.skip("int8 is not known to be faster on this processor")
    yield restorer
    restorer.close()


def precision(restorer, size=LARGE, dtype=np.uint8, **options):
    return restorer.plan(size, dtype, RestoreOptions(**options)).engine.precision


def test_large_photographs_are_computed_in_int8(model):
    assert precision(model) == "int8"
    assert model.precision == f"{model.engine.precision}, in videos and from 6 megapixels on int8"


@pytest.mark.parametrize(
    "options", [{"memory_limit": 600_000_000}, {"tile": 700}, {"tile": "off"}, {"strength": 0.5}]
)
def test_neither_tiles_nor_strength_change_that(model, options):
    assert precision(model, **options) == "int8"


@pytest.mark.parametrize(
    "wanted",
    [
        {"size": (1999, 3000)},
        {"dtype": np.uint16},
        {"dtype": np.float32},
        {"multi_scale": True},
        {"self_ensemble": True},
        {"preset": "official"},
    ],
)
def test_small_and_deep_ones_and_the_best_of_them_are_not(model, wanted):
    assert precision(model, **wanted) == model.engine.precision != "int8"


def test_who_names_a_precision_gets_it():
    pytest.importorskip("openvino")
    exact = load("fast", engine="openvino", precision="f32")
    assert precision(exact) == exact.precision == "f32"
    exact.close()


@pytest.mark.parametrize("options", [{}, {"tile": 400}, {"strength": 0.5}])
def test_the_result_is_nearly_that_of_floats(model, blurred, monkeypatch, options):
    options = RestoreOptions(guard=False, **options)
    exact = model(blurred, options).pixels
    monkeypatch.setattr(restore_plan, "LARGE", 1)
    rounded = model(blurred, options).pixels
    change, rounding = (psnr(other, exact, data_range=255) for other in (blurred, rounded))
    assert change + 12 < rounding < 60


def test_both_precisions_take_turns_on_one_engine(model, blurred, monkeypatch):
    def both():
        results = []
        for least in (10**9, 1):
            monkeypatch.setattr(restore_plan, "LARGE", least)
            results.append(model(blurred).pixels)
        return results

    exact, rounded = both()
    assert (exact != rounded).any()
    np.testing.assert_array_equal(both(), [exact, rounded])


def test_an_engine_without_it_does_all_by_itself():
    engine = IdentityEngine()
    assert Restorer(IDENTITY, engine).plan(LARGE, np.uint8, RestoreOptions()).engine is engine


def test_frames_of_a_video_go_to_the_quick_engine(scene):
    engine = IdentityEngine()
    engine.quick = IdentityEngine()
    frames, restorer = [(number, scene) for number in range(3)], Restorer(IDENTITY, engine)
    for made in restored_frames(frames, restorer, FrameOptions(RestoreOptions(), only_blurred=False)):
        np.testing.assert_array_equal(made.picture, scene)
    assert (len(engine.shapes), len(engine.quick.shapes)) == (0, 3)


def test_the_stability_of_a_clip_is_that_of_what_run_would_make_of_it(scene):
    pytest.importorskip("cv2")
    from deblurgan.stability import measure_stability

    engine = IdentityEngine()
    engine.quick = IdentityEngine()
    measure_stability([scene] * 3, {"identity": Restorer(IDENTITY, engine)})
    assert (len(engine.shapes), len(engine.quick.shapes)) == (0, 3)
