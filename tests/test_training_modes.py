"""Ways to train: in parts, frozen at first, on several processes, with a schedule; and what stops a training."""

import json
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from recipes import changed, write_pair

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from deblurgan.errors import PairError, RecipeError, TrainingFailed, UnwritableTarget  # noqa: E402
from deblurgan.restore import load  # noqa: E402
from deblurgan.restore_options import RestoreOptions  # noqa: E402
from deblurgan.training import loop, state  # noqa: E402
from deblurgan.training.dataset import TrainingSet  # noqa: E402
from deblurgan.training.devices import connect  # noqa: E402
from deblurgan.training.export import export, manifest_of  # noqa: E402
from deblurgan.training.pictures import load_pictures, pixels_of  # noqa: E402
from deblurgan.training.recipe import as_toml, from_settings  # noqa: E402
from deblurgan.training.run_folder import BEST, ENVIRONMENT, LAST, LOG, RECIPE, SAMPLES  # noqa: E402
from deblurgan.training.settings import PairSource  # noqa: E402
from deblurgan.training.step import rate_share, training_step  # noqa: E402

SETTINGS = {
    "name": "tiny",
    "precision": "f32",
    "data": {"crop": 32, "batch": 4, "workers": 0, "real_share": 0.5},
    "blur": {"longest": 6},
    "generator": {"options": {"channels": [8, 8], "depths": [1, 1], "decoder_depths": [1]}},
    "schedule": {"steps": 4, "warmup": 1, "checkpoint_every": 2, "log_every": 1},
}


@pytest.fixture
def recipe(tmp_path, scene):
    for frame in range(4):
        write_pair(tmp_path / "pairs", f"clip_{frame:03d}", np.roll(scene, frame, axis=0))
    return from_settings(SETTINGS | {"data": SETTINGS["data"] | {"pairs": [str(tmp_path / "pairs")]}})


def first_batch(recipe):
    samples = TrainingSet(recipe, load_pictures(recipe))
    sides = zip(*(samples[index] for index in range(recipe.data.batch)), strict=True)
    return tuple(torch.stack(side) for side in sides)


def test_a_batch_in_parts_gives_the_update_of_the_whole(recipe):
    batch = first_batch(recipe)
    logged, weights = [], []
    for parts in (1, 2):
        trained = state.begin(changed(recipe, optimiser={"parts": parts}))
        logged.append(training_step(trained, *batch))
        weights.append(torch.cat([each.detach().flatten() for each in trained.generator.parameters()]))
    assert logged[0] == pytest.approx(logged[1], rel=1e-4)
    torch.testing.assert_close(weights[0], weights[1], atol=1e-5, rtol=1e-3)


def test_a_frozen_backbone_stays_as_it_is_and_then_learns(recipe):
    trained = state.begin(changed(recipe, generator={"frozen_steps": 1}))
    batch = first_batch(recipe)

    def weights(part):
        return torch.cat([each.detach().flatten() for each in part.parameters()]).clone()

    at_first = weights(trained.generator.backbone)
    training_step(trained, *batch)
    assert torch.equal(weights(trained.generator.backbone), at_first)
    training_step(trained, *batch)
    assert not torch.equal(weights(trained.generator.backbone), at_first)


def test_a_linear_decay_starts_after_the_plateau_and_reaches_its_end(recipe):
    schedule = {"steps": 10, "warmup": 1, "plateau": 4, "decay": "linear", "final_share": 0.0}
    shares = [rate_share(changed(recipe, schedule=schedule), step) for step in range(10)]
    assert shares == pytest.approx([1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0])


def test_a_loss_that_is_no_number_stops_the_training_before_it_does_harm(recipe):
    trained = state.begin(recipe)
    before = [weights.clone() for weights in trained.generator.parameters()]
    blurred, sharp = first_batch(recipe)
    with pytest.raises(TrainingFailed, match="lower optimiser"):
        training_step(trained, blurred * float("nan"), sharp)
    assert all(torch.equal(*both) for both in zip(before, trained.generator.parameters(), strict=True))


@pytest.mark.parametrize("game", [0.0, 0.05])
def test_two_processes_train_as_one_does_with_the_whole_batch(game, recipe, tmp_path):
    recipe = changed(recipe, adversarial={"weight": game}, data={"crop": 64})
    loop.train(recipe, tmp_path / "one", threads=1)
    (tmp_path / "recipe.toml").write_text(as_toml(recipe), "utf-8")
    command = [sys.executable, "-m", "deblurgan", "train", tmp_path / "recipe.toml", "-o", tmp_path / "two"]
    places = ["--accelerator", "cpu", "--devices", "2", "--threads", "1"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    one, two = (
        [json.loads(line) for line in (tmp_path / run / LOG).read_text().splitlines()] for run in ("one", "two")
    )
    assert len(one) == 4
    for alone, together in zip(one, two, strict=True):
        assert 0 <= together["waiting"] < 1
        for pace in ("crops_per_second", "waiting"):
            del alone[pace], together[pace]
        assert alone == pytest.approx(together, rel=2e-3)


@pytest.mark.parametrize("accelerator", ["gpu", "cuda", "abacus"])
def test_an_accelerator_that_is_not_there_is_said(accelerator, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(TrainingFailed, match=f"{accelerator}.*; use cpu or auto"):
        connect(accelerator=accelerator)


def test_a_run_leaves_recipe_environment_log_samples_and_both_checkpoints(recipe, tmp_path):
    recipe = changed(recipe, validation={"pairs": (recipe.data.pairs[0].folder,), "every": 2, "samples": 1})
    trained = loop.train(recipe, tmp_path / "run", threads=1)
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {RECIPE, ENVIRONMENT, LOG, SAMPLES, BEST, LAST}
    assert len(list((tmp_path / "run" / SAMPLES).iterdir())) == 2
    assert np.isfinite(trained.best)
    assert state.load(tmp_path / "run" / BEST).best == trained.best


def test_a_run_stops_in_time_and_goes_on_from_there(recipe, tmp_path):
    assert loop.train(recipe, tmp_path / "run", threads=1, minutes=0).step == 1
    assert loop.train(recipe, tmp_path / "run", threads=1, resume=True).step == 4


def test_a_training_is_never_replaced_by_another_one(recipe, tmp_path):
    loop.train(recipe, tmp_path / "run", threads=1, minutes=0)
    left = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    with pytest.raises(UnwritableTarget, match="run holds a training; go on from it with --resume"):
        loop.train(changed(recipe, data={"batch": 2}), tmp_path / "run", threads=1)
    with pytest.raises(RecipeError, match="other options"):
        loop.train(changed(recipe, generator={"options": {}}), tmp_path / "run", threads=1, resume=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == left


@pytest.mark.parametrize("section", ["data", "validation"])
def test_pairs_that_are_not_there_are_said_before_anything_is_built_or_written(
    section, recipe, tmp_path, monkeypatch
):
    def built(*_):
        raise AssertionError("built before the refusal")

    monkeypatch.setattr(state, "begin", built)
    pairs = [PairSource(str(tmp_path / "nowhere"))] if section == "data" else [str(tmp_path / "nowhere")]
    with pytest.raises((RecipeError, PairError), match="nowhere is not a folder"):
        loop.train(changed(recipe, **{section: {"pairs": tuple(pairs)}}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pictures_that_are_too_small_leave_no_run_folder(recipe, tmp_path):
    with pytest.raises(RecipeError, match="pairs must be at least"):
        loop.train(changed(recipe, data={"crop": 2048}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_packed_pictures_are_those_that_were_decoded_and_are_packed_once(recipe, tmp_path):
    packed = changed(recipe, data={"packed": str(tmp_path / "packed")})
    decoded, first, again = load_pictures(recipe), load_pictures(packed), load_pictures(packed)
    for memory, file in zip(decoded.pairs[1], first.pairs[1], strict=True):
        np.testing.assert_array_equal(memory, pixels_of(file))
    assert first.pairs == again.pairs
    assert len(list((tmp_path / "packed").iterdir())) == 8


def test_sources_are_drawn_by_their_shares_and_thinned_by_sequence(recipe, tmp_path, scene):
    write_pair(tmp_path / "other", "street_1", scene)
    sources = (
        PairSource(str(tmp_path / "pairs"), every=2, share=0.25),
        PairSource(str(tmp_path / "other"), share=0.75),
    )
    pictures = load_pictures(changed(recipe, data={"pairs": sources}))
    assert pictures.weights.tolist() == [0.125, 0.125, 0.75]
    with pytest.raises(RecipeError, match="states a share"):
        changed(recipe, data={"pairs": (sources[0], PairSource(str(tmp_path / "other")))})


def test_a_damaged_picture_is_named_and_left_out_but_too_many_stop_the_training(recipe, tmp_path, scene, caplog):
    for number in range(120):
        (tmp_path / "photos").mkdir(exist_ok=True)
        PIL.Image.fromarray(scene[:64, :64]).save(tmp_path / "photos" / f"{number}.png")
    recipe = changed(recipe, data={"photos": (str(tmp_path / "photos"),)})
    (tmp_path / "photos" / "7.png").write_bytes(b"no picture")
    assert len(load_pictures(recipe).photos) == 119
    assert "7.png" in caplog.text
    (tmp_path / "photos" / "8.png").write_bytes(b"no picture")
    with pytest.raises(RecipeError, match="2 of 128 pictures"):
        load_pictures(recipe)


def test_a_misspelt_setting_is_answered_with_the_nearest_one():
    with pytest.raises(RecipeError, match=r"did you mean optimiser\.learning_rate"):
        from_settings({"optimiser": {"learing_rate": 1e-3}})


def test_a_network_that_enlarges_is_trained_exported_and_run(tmp_path, scene):
    (tmp_path / "photos").mkdir()
    PIL.Image.fromarray(scene).save(tmp_path / "photos" / "a.png")
    options = SETTINGS["generator"]["options"] | {"scale": 2}
    data = SETTINGS["data"] | {"photos": [str(tmp_path / "photos")], "real_share": 0.0, "scale": 2}
    recipe = from_settings(SETTINGS | {"generator": {"options": options}, "data": data})
    blurred, sharp = first_batch(recipe)
    assert (blurred.shape[2:], sharp.shape[2:]) == ((16, 16), (32, 32))
    trained = loop.train(recipe, tmp_path / "run", threads=1)
    model = export(trained.average, manifest_of(trained.average, recipe, name="twice"), tmp_path / "twice")
    whole, tiled = (load(str(model.path))(scene, RestoreOptions(tile=tile)).pixels for tile in ("off", 64))
    assert whole.shape == (2 * scene.shape[0], 2 * scene.shape[1], 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
