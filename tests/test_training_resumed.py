"""What a training goes on from, what it stops for, and what it refuses before its first step."""

import json
import logging
import os
import shutil
import signal
import threading

import numpy as np
import PIL.Image
import pytest

from recipes import changed, write_pair

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from deblurgan import catalogue, manifest  # noqa: E402
from deblurgan.errors import PairError, RecipeError, TrainingFailed  # noqa: E402
from deblurgan.training import loop, parcels, state  # noqa: E402
from deblurgan.training.measure import measure  # noqa: E402
from deblurgan.training.pictures import load_pictures, pixels_of  # noqa: E402
from deblurgan.training.recipe import from_settings  # noqa: E402
from deblurgan.training.run_folder import BEST, LAST, LOG, RECIPE, RunFolder  # noqa: E402
from deblurgan.training.stopping import asked_to_stop  # noqa: E402


@pytest.fixture
def recipe(tmp_path, scene):
    pairs = write_pair(tmp_path / "pairs", "a", scene)
    return from_settings(
        {
            "name": "tiny",
            "precision": "f32",
            "data": {"pairs": [pairs], "real_share": 1, "crop": 32, "batch": 2, "workers": 0},
            "blur": {"longest": 6},
            "generator": {"options": {"channels": [8, 8], "depths": [1, 1], "decoder_depths": [1]}},
            "schedule": {"steps": 4, "warmup": 1, "checkpoint_every": 4, "log_every": 1},
            "validation": {"pairs": [pairs], "every": 2, "samples": 0},
        }
    )


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def after(steps):
    """Asks a training to stop after so many steps of it."""
    left = [steps]

    def stop():
        left[0] -= 1
        return left[0] == 0

    return stop


def test_a_training_that_was_cut_short_after_its_first_best_checkpoint_goes_on_from_that(recipe, run):
    loop.train(recipe, run, threads=1, stop=after(2))
    (run / LAST).unlink()
    assert loop.train(recipe, run, threads=1, resume=True).step == 4
    assert [json.loads(line)["step"] for line in (run / LOG).read_text().splitlines()] == [1, 2, 2, 3, 4, 4]


def test_new_settings_of_the_optimiser_hold_when_a_training_goes_on(recipe, run):
    loop.train(recipe, run, threads=1, stop=after(2))
    steadier = changed(recipe, optimiser={"betas": (0.5, 0.6), "weight_decay": 0.25})
    (group,) = loop.train(steadier, run, threads=1, resume=True).optimiser.param_groups
    assert (group["betas"], group["weight_decay"]) == ((0.5, 0.6), 0.25)


def test_the_best_weights_are_looked_for_anew_where_other_pairs_validate(recipe, run, tmp_path, scene):
    loop.train(recipe, run, threads=1, stop=after(2))
    other = changed(recipe, validation={"pairs": (write_pair(tmp_path / "other", "b", scene[::-1]),)})
    assert np.isfinite(state.load(run / LAST, recipe).best)
    assert state.load(run / LAST, other).best == -np.inf


def test_fewer_steps_than_are_made_are_refused_and_nothing_is_written(recipe, run):
    loop.train(recipe, run, threads=1)
    noted = (run / RECIPE).read_bytes()
    with pytest.raises(RecipeError, match=r"schedule\.steps is 3, but 4 are made"):
        loop.train(changed(recipe, schedule={"steps": 3}), run, threads=1, resume=True)
    assert (run / RECIPE).read_bytes() == noted


def test_a_training_whose_steps_are_all_made_says_so(recipe, run, caplog):
    loop.train(recipe, run, threads=1)
    with caplog.at_level(logging.INFO, "deblurgan"):
        assert loop.train(recipe, run, threads=1, resume=True).step == 4
    assert "All 4 steps are made" in caplog.text


@pytest.mark.parametrize(("further", "expected"), [("run", 3), ("carried", 3), ("neither", 2)])
def test_of_a_run_and_what_is_carried_the_one_further_on_is_gone_on_from(
    further, expected, recipe, run, tmp_path, caplog
):
    for folder in (run, tmp_path / "elsewhere"):
        loop.train(recipe, folder, threads=1, stop=after(2))
    parcels.split(tmp_path / "elsewhere" / LAST, tmp_path / "carried")
    if further == "run":
        loop.train(recipe, run, threads=1, resume=True, stop=after(1))
    elif further == "carried":
        loop.train(recipe, tmp_path / "elsewhere", threads=1, resume=True, stop=after(1))
        parcels.split(tmp_path / "elsewhere" / LAST, tmp_path / "carried")
    RunFolder(run, leads=True).take_in(tmp_path / "carried")
    assert state.steps_in(run / LAST) == expected
    assert sorted(run.glob("*.pt")) == [run / BEST, run / LAST]


def test_an_empty_folder_carries_nothing_and_makes_no_run(run, tmp_path):
    RunFolder(run, leads=True).take_in(tmp_path)
    assert not run.exists()


@pytest.mark.parametrize("contents", [b"{", b"[]", b"{}", b"\xff", b'{"parts": 3, "sha256": ""}'])
def test_a_damaged_list_of_parts_is_said(contents, tmp_path):
    (tmp_path / "contents.json").write_bytes(contents)
    with pytest.raises(TrainingFailed, match=r"contents\.json is damaged"):
        parcels.join(tmp_path, tmp_path / "back.pt")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_acts_when_what_was_begun_is_finished(number):
    acted = []
    before = signal.signal(number, lambda *_: acted.append(number))
    try:
        with asked_to_stop() as asked:
            assert not asked()
            signal.raise_signal(number)
            assert asked()
            assert acted == []
        assert acted == [number]
        with asked_to_stop():
            signal.raise_signal(number)
            signal.raise_signal(number)
            assert acted == [number] * 2
    finally:
        signal.signal(number, before)


def test_ctrl_c_leaves_a_checkpoint_of_the_last_step(recipe, run):
    endless = changed(recipe, schedule={"steps": 10**6, "checkpoint_every": 10**6}, validation={"pairs": ()})
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt), asked_to_stop() as stop:
        loop.train(endless, run, threads=1, stop=stop)
    steps = [json.loads(line)["step"] for line in (run / LOG).read_text().splitlines()]
    assert state.steps_in(run / LAST) == steps[-1] > 0


@pytest.mark.parametrize("damage", ["unreadable", "of another size"])
def test_validation_pairs_that_cannot_be_measured_are_said_before_the_first_step(damage, recipe, run, tmp_path):
    blurred = tmp_path / "held_out" / "b_blur.png"
    for name in "ab":
        write_pair(tmp_path / "held_out", name, np.zeros((64, 64, 3), np.uint8))
    blurred.write_bytes(b"no picture")
    if damage == "of another size":
        PIL.Image.new("RGB", (64, 48)).save(blurred)
    with pytest.raises(PairError, match="b of held_out cannot be measured"):
        loop.train(changed(recipe, validation={"pairs": (str(tmp_path / "held_out"),)}), run, threads=1)
    assert not run.exists()


def test_figures_with_gaps_stay_out_of_a_manifest(tmp_path, scene):
    model = catalogue.ModelFolder(tmp_path / "fast", catalogue.find("fast").manifest)
    shutil.copytree(catalogue.find("fast").path, model.path)
    noted = (model.path / manifest.FILE_NAME).read_bytes()
    write_pair(tmp_path / "held_out", "a", scene[:64, :64])
    (tmp_path / "held_out" / "a_sharp.png").write_bytes(b"no picture")
    with pytest.raises(PairError, match="a of held_out cannot be measured"):
        measure(model, tmp_path / "held_out")
    assert (model.path / manifest.FILE_NAME).read_bytes() == noted


def test_a_packed_picture_that_is_damaged_is_packed_anew(recipe, tmp_path):
    recipe = changed(recipe, data={"packed": str(tmp_path / "packed")})
    ((_, sharp),) = load_pictures(recipe).pairs
    expected = pixels_of(sharp).copy()
    for damaged in (b"", sharp.read_bytes()[:1000]):
        sharp.write_bytes(damaged)
        ((_, again),) = load_pictures(recipe).pairs
        np.testing.assert_array_equal(pixels_of(again), expected)


def test_pictures_are_not_packed_where_there_is_a_file(recipe, tmp_path):
    (tmp_path / "packed").write_text("not a folder")
    with pytest.raises(RecipeError, match=r"data\.packed names .*packed, where no folder can be"):
        load_pictures(changed(recipe, data={"packed": str(tmp_path / "packed")}))


def test_photographs_too_small_for_a_crop_are_counted_and_a_folder_without_any_is_said(recipe, tmp_path, caplog):
    photos = tmp_path / "photos"
    photos.mkdir()
    with_photos = changed(recipe, data={"photos": (str(photos),), "real_share": 0.5})
    with pytest.raises(RecipeError, match="photos, which holds no pictures"):
        load_pictures(with_photos)
    for name, side in (("large", 64), ("small", 40)):
        PIL.Image.new("RGB", (64, side)).save(photos / f"{name}.png")
    assert len(load_pictures(with_photos).photos) == 1
    assert "1 of 2 photographs, less than 44 pixels" in caplog.text
