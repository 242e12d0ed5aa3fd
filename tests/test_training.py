"""Training learns, resumes to the bit, and exports what it learned."""

import dataclasses
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")

from deblurgan import cli, networks  # noqa: E402
from deblurgan.blur import BlurSettings  # noqa: E402
from deblurgan.errors import BrokenModel, RecipeError  # noqa: E402
from deblurgan.restore import Restorer, load  # noqa: E402
from deblurgan.restore_options import RestoreOptions  # noqa: E402
from deblurgan.training import loop, state  # noqa: E402
from deblurgan.training.adversarial import ADVERSARIAL_LOSSES  # noqa: E402
from deblurgan.training.dataset import TrainingSet  # noqa: E402
from deblurgan.training.export import export, manifest_of, verify  # noqa: E402
from deblurgan.training.losses import LOSSES  # noqa: E402
from deblurgan.training.pictures import load_pictures  # noqa: E402
from deblurgan.training.recipe import as_toml, from_settings  # noqa: E402
from deblurgan.training.run_folder import LAST, LOG, SAMPLES  # noqa: E402
from deblurgan.training.settings import AdversarialSettings, GeneratorSettings, Recipe  # noqa: E402
from deblurgan.training.step import rate_share, training_step  # noqa: E402
from deblurgan.training.torch_engine import TorchEngine  # noqa: E402


@pytest.fixture
def tiny(tmp_path, scene) -> Recipe:
    """A recipe for a small network on one photo and one pair."""
    photos, pairs = tmp_path / "photos", tmp_path / "pairs"
    smeared = ((scene.astype(int) + np.roll(scene, 2, axis=1)) // 2).astype(np.uint8)
    for folder, name, pixels in (
        (photos, "a", scene),
        (pairs, "set_1_blur", smeared),
        (pairs, "set_1_sharp", scene),
    ):
        folder.mkdir(exist_ok=True)
        PIL.Image.fromarray(pixels).save(folder / f"{name}.png")
    network = {"channels": [8, 8], "depths": [1, 1], "decoder_depths": [1]}
    return from_settings(
        {
            "name": "tiny",
            "precision": "f32",
            "data": {"photos": [str(photos)], "pairs": [str(pairs)], "crop": 32, "batch": 2, "workers": 0},
            "blur": dataclasses.asdict(BlurSettings(longest=6)),
            "generator": {"name": "fpn_plain", "options": network},
            "schedule": {"steps": 10, "warmup": 2, "checkpoint_every": 5, "log_every": 1},
            "validation": {"pairs": [str(pairs)], "every": 5},
        }
    )


def weights_of(trained: state.TrainingState) -> list[torch.Tensor]:
    weights = [*trained.generator.state_dict().values(), *trained.average.state_dict().values()]
    return weights + (list(trained.adversary.discriminator.state_dict().values()) if trained.adversary else [])


@pytest.fixture
def against_a_discriminator(tiny) -> Recipe:
    """The same with the double-scale discriminator, its loss and its pools."""
    game = AdversarialSettings(weight=0.01, memory=3)
    return dataclasses.replace(tiny, adversarial=game, data=dataclasses.replace(tiny.data, crop=64))


@pytest.mark.parametrize("kind", ["tiny", "against_a_discriminator"])
def test_ten_steps_equal_five_and_five_more_to_the_bit(kind, tmp_path, monkeypatch, request):
    tiny = request.getfixturevalue(kind)
    whole = loop.train(tiny, tmp_path / "whole", threads=1)

    def stop_at_five(trained, blurred, sharp):
        if trained.step == 5:
            raise KeyboardInterrupt
        return training_step(trained, blurred, sharp)

    monkeypatch.setattr(loop, "training_step", stop_at_five)
    with pytest.raises(KeyboardInterrupt):
        loop.train(tiny, tmp_path / "parts", threads=1)
    monkeypatch.undo()
    resumed = loop.train(tiny, tmp_path / "parts", resume=True, threads=1)

    assert resumed.step == whole.step == 10
    logs = [(tmp_path / run / LOG).read_text() for run in ("whole", "parts")]
    steps = [[json.loads(line)["step"] for line in log.splitlines()] for log in logs]
    assert steps[0] == steps[1]
    for first, second in zip(weights_of(whole), weights_of(resumed), strict=True):
        assert torch.equal(first, second)


def test_the_log_has_losses_and_validations_with_the_input_beside_them(tiny, tmp_path):
    loop.train(tiny, tmp_path / "run", threads=1)
    lines = [json.loads(line) for line in (tmp_path / "run" / LOG).read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 11))
    validations = [line for line in lines if "least_gain" in line]
    assert [line["step"] for line in validations] == [5, 10]
    assert all(np.isfinite([line["pairs_psnr"], line["pairs_input_psnr"]]).all() for line in validations)


def test_each_of_two_validation_sets_that_call_pictures_alike_is_measured(tiny, tmp_path):
    (pairs,) = tiny.validation.pairs
    again = shutil.copytree(pairs, tmp_path / "again" / "pairs")
    sources = (pairs, str(again))
    validation = dataclasses.replace(tiny.validation, pairs=sources, samples=2)
    schedule = dataclasses.replace(tiny.schedule, steps=1, warmup=0)
    loop.train(dataclasses.replace(tiny, validation=validation, schedule=schedule), tmp_path / "run", threads=1)
    last = json.loads((tmp_path / "run" / LOG).read_text().splitlines()[-1])
    assert all(np.isfinite(last[f"pairs of {source}_psnr"]) for source in sources)
    assert len(list((tmp_path / "run" / SAMPLES).iterdir())) == 2


def test_networks_that_are_trained_together_become_what_each_becomes_alone(tiny, tmp_path):
    path = Path(__file__).parents[1] / "tools" / "train_together.py"
    together = importlib.util.module_from_spec(importlib.util.spec_from_file_location("train_together", path))
    together.__loader__.exec_module(together)
    wide = dataclasses.replace(tiny.generator, options={**tiny.generator.options, "channels": [16, 8]})
    recipes = [tiny, dataclasses.replace(tiny, name="wide", generator=wide)]
    for recipe in recipes:
        (tmp_path / f"{recipe.name}.toml").write_text(as_toml(recipe), "utf-8")
    for minutes in (0, 10):
        names = [str(tmp_path / f"{recipe.name}.toml") for recipe in recipes]
        together.main(tmp_path / "together", minutes, names, ())
    for recipe in recipes:
        alone = loop.train(recipe, tmp_path / "alone" / recipe.name)
        both = state.load(tmp_path / "together" / recipe.name / LAST)
        assert both.step == 10
        assert all(torch.equal(one, other) for one, other in zip(weights_of(both), weights_of(alone), strict=True))
    (tmp_path / "together" / "wide" / LAST).unlink()
    with pytest.raises(RecipeError, match="no checkpoint"):
        together.main(tmp_path / "together", 10, names, ())
    with pytest.raises(SystemExit, match="names of their own"):
        together.main(tmp_path / "twice", 10, names[:1] * 2, ())


def test_a_network_learns_to_undo_one_blur(tiny):
    recipe = dataclasses.replace(
        tiny,
        optimiser=dataclasses.replace(tiny.optimiser, learning_rate=3e-3),
        schedule=dataclasses.replace(tiny.schedule, steps=80),
        data=dataclasses.replace(tiny.data, real_share=0.0),
    )
    trained = state.begin(recipe)
    samples = TrainingSet(recipe, load_pictures(recipe))
    blurred, sharp = (torch.stack(side) for side in zip(*(samples[index] for index in range(4)), strict=True))
    losses = [training_step(trained, blurred, sharp)["loss"] for _ in range(80)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("loss", ADVERSARIAL_LOSSES)
def test_both_sides_of_the_game_move(loss, against_a_discriminator):
    game = AdversarialSettings(weight=0.1, loss=loss, penalty=10.0 if loss == "wgan_gp" else 0.0)
    recipe = dataclasses.replace(against_a_discriminator, adversarial=game)
    trained = state.begin(recipe)
    before = [weights.clone() for weights in weights_of(trained)]
    samples = TrainingSet(recipe, load_pictures(recipe))
    blurred, sharp = (torch.stack(side) for side in zip(samples[0], samples[1], strict=True))
    logged = training_step(trained, blurred, sharp)
    assert {"discriminator", "adversarial"} <= set(logged)
    assert all(np.isfinite(value) for value in logged.values())
    moved = [not torch.equal(old, new) for old, new in zip(before, weights_of(trained), strict=True)]
    assert any(moved[: len(trained.generator.state_dict())])
    assert any(moved[-len(trained.adversary.discriminator.state_dict()) :])


def test_an_unknown_discriminator_is_refused(tiny):
    game = AdversarialSettings(weight=0.1, discriminator="jury")
    with pytest.raises(RecipeError, match="double"):
        state.begin(dataclasses.replace(tiny, adversarial=game))


def test_a_sample_depends_on_its_number_and_the_seed_alone(tiny):
    pictures = load_pictures(tiny)
    samples = TrainingSet(tiny, pictures)
    for first, second in zip(samples[3], TrainingSet(tiny, pictures)[3], strict=True):
        assert torch.equal(first, second)
    other = TrainingSet(dataclasses.replace(tiny, seed=1), pictures)
    assert not torch.equal(samples[3][0], other[3][0])
    assert samples[0][0].shape == (3, 32, 32)


def test_both_sides_of_a_real_pair_are_cut_reduced_and_recoloured_alike(tiny, tmp_path, scene):
    for side in ("blur", "sharp"):
        PIL.Image.fromarray(scene).save(tmp_path / "pairs" / f"set_1_{side}.png")
    plain = dataclasses.replace(tiny, data=dataclasses.replace(tiny.data, real_share=1.0))
    varied = dataclasses.replace(plain, data=dataclasses.replace(plain.data, least_size=0.5, recoloured=1.0))
    samples, untouched = (TrainingSet(recipe, load_pictures(recipe)) for recipe in (varied, plain))
    for number in range(8):
        blurred, sharp = samples[number]
        assert torch.equal(blurred, sharp)
        assert sharp.shape == (3, 32, 32)
        assert not torch.equal(sharp, untouched[number][1])


def test_the_learning_rate_rises_falls_and_reaches_its_end(tiny):
    shares = [rate_share(tiny, step) for step in range(10)]
    assert shares[:2] == [0.5, 1.0]
    assert shares[-1] == pytest.approx(tiny.schedule.final_share)
    assert sorted(shares[1:], reverse=True) == shares[1:]


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_least_for_equal_pictures_and_differentiable(name):
    sharp = torch.rand(2, 3, 16, 16)
    restored = (sharp + 0.1 * torch.randn_like(sharp)).requires_grad_()
    loss = LOSSES[name](restored, sharp)
    loss.backward()
    assert loss > LOSSES[name](sharp, sharp)
    assert torch.isfinite(restored.grad).all()


def test_resuming_without_a_checkpoint_says_so(tiny, tmp_path):
    with pytest.raises(RecipeError, match="no checkpoint"):
        loop.train(tiny, tmp_path / "nothing", resume=True)


def test_a_checkpoint_of_another_network_is_refused(tiny, tmp_path):
    state.save(state.begin(tiny), tmp_path / "a.pt")
    other = dataclasses.replace(tiny, generator=dataclasses.replace(tiny.generator, options={}))
    with pytest.raises(RecipeError, match="other options"):
        state.load(tmp_path / "a.pt", other)


def test_training_can_start_from_an_exported_model(tiny, tmp_path):
    first = state.begin(tiny)
    export(first.average, manifest_of(first.average, tiny, name="tiny"), tmp_path / "model")
    for place in ("model", "model/model.onnx"):
        start = dataclasses.replace(tiny.generator, start_from=str(tmp_path / place))
        second = state.begin(dataclasses.replace(tiny, seed=5, generator=start))
        for old, new in zip(first.generator.parameters(), second.generator.parameters(), strict=True):
            torch.testing.assert_close(old, new, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("generator", "file"), [("fpn_plain", "a.safetensors"), ("fpn_mobilenet", "a.h5")])
def test_training_can_start_from_the_weights_in_a_file(generator, file, tiny, tmp_path):
    pytest.importorskip("timm")
    options = tiny.generator.options if generator == "fpn_plain" else {}
    first = networks.build(generator, **options)
    (networks.save if file.endswith("s") else networks.save_official)(first, tmp_path / file)
    settings = GeneratorSettings(generator, options, start_from=str(tmp_path / file))
    second = state.begin(dataclasses.replace(tiny, seed=5, generator=settings))
    for old, new in zip(first.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(old, new)


def test_a_start_from_another_network_or_no_network_is_refused(tiny, tmp_path, photo_file):
    other = networks.build("fpn_plain", **tiny.generator.options | {"channels": [16, 8]})
    networks.save(other, tmp_path / "other.safetensors")
    for file, error, says in (
        (tmp_path / "other.safetensors", RecipeError, r"start from .*other\.safetensors: .*do not fit"),
        (photo_file, BrokenModel, r"photo\.jpg is not a PyTorch checkpoint"),
    ):
        start = dataclasses.replace(tiny.generator, start_from=str(file))
        with pytest.raises(error, match=says):
            state.begin(dataclasses.replace(tiny, generator=start))


def test_a_file_that_is_no_checkpoint_of_a_training_is_refused(tiny, tmp_path, photo_file):
    torch.save({"model": state.begin(tiny).average.state_dict()}, tmp_path / "official.h5")
    with pytest.raises(RecipeError, match=r"official\.h5 is not the checkpoint of a training"):
        state.load(tmp_path / "official.h5")
    with pytest.raises(BrokenModel, match=r"photo\.jpg is not a PyTorch checkpoint"):
        state.load(photo_file)


def test_a_scale_recurrent_network_starts_as_the_network_of_one_scale_that_it_starts_from(tiny, tmp_path):
    first = state.begin(tiny)
    torch.nn.init.normal_(first.average.decoder.head.weight)
    state.save(first, tmp_path / "a.pt")
    options = tiny.generator.options | {"recurrent_scales": 2}
    start = dataclasses.replace(tiny.generator, options=options, start_from=str(tmp_path / "a.pt"))
    second = state.begin(dataclasses.replace(tiny, generator=start))
    blurred = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(second.average(blurred), first.average(blurred))
    assert (first.average(blurred) - blurred).std() > 0.01


@pytest.mark.parametrize(
    ("generator", "complaint"),
    [
        ({"name": "fpn_imaginary"}, "no generator is called 'fpn_imaginary'"),
        ({"options": {"colour": 3}}, r"Unknown setting generator\.options\.colour"),
        ({"options": {"chanels": [8]}}, r"did you mean generator\.options\.channels"),
        ({"options": {"channels": "wide"}}, "is 'wide', which is not a list of whole numbers"),
        ({"options": {"channels": [0, 8], "depths": [1, 1]}}, "channels and scales must be at least 1"),
        ({"options": {"channels": [8], "depths": [1, 1]}}, "1 widths but 2 depths"),
    ],
)
def test_a_network_that_cannot_be_built_is_refused(tiny, generator, complaint):
    with pytest.raises(RecipeError, match=complaint):
        state.begin(dataclasses.replace(tiny, generator=dataclasses.replace(tiny.generator, **generator)))


def test_crops_that_do_not_fit_the_network_are_refused(tiny):
    deep = {"channels": [8] * 5, "depths": [1] * 5, "decoder_depths": [1] * 4}
    generator = dataclasses.replace(tiny.generator, options=deep)
    data = dataclasses.replace(tiny.data, crop=48)
    with pytest.raises(RecipeError, match=r"data.crop is 48; for this network it must be a multiple of 32"):
        state.begin(dataclasses.replace(tiny, generator=generator, data=data))


def test_an_exported_model_gives_what_the_network_gives(tiny, tmp_path, scene):
    trained = loop.train(tiny, tmp_path / "run", threads=1)
    facts = manifest_of(trained.average, tiny, name="tiny")
    model = export(trained.average, facts, tmp_path / "model")
    whole = RestoreOptions(guard=False)
    in_torch = Restorer(facts, TorchEngine(trained.average))(scene, whole).pixels.astype(int)
    assert np.abs(load(str(model.path))(scene, whole).pixels - in_torch).max() <= 1
    assert b"site-packages" not in model.file("onnx").read_bytes()


def test_a_scale_recurrent_network_is_exported_pass_by_pass_too(tiny, tmp_path):
    options = tiny.generator.options | {"recurrent_scales": 2}
    recipe = dataclasses.replace(tiny, generator=dataclasses.replace(tiny.generator, options=options))
    trained = loop.train(recipe, tmp_path / "run", threads=1)
    model = export(trained.average, manifest_of(trained.average, recipe, name="tiny"), tmp_path / "model")
    # It reads its weights out of the whole network's file.
    assert model.file("pass").stat().st_size < model.file("onnx").stat().st_size / 2
    restorer = load(str(model.path))
    pixels = np.random.default_rng(0).random((200, 150, 3), np.float32)
    whole, tiled = (restorer(pixels, RestoreOptions(tile=tile, guard=False)) for tile in ("off", 120))
    assert tiled.tiles > 1
    assert np.abs(whole.pixels - pixels).max() > 0.01
    np.testing.assert_allclose(tiled.pixels, whole.pixels, atol=0.5 / 255)


def test_an_export_that_differs_from_its_network_is_refused(tiny, tmp_path, monkeypatch):
    trained = state.begin(tiny)
    model = export(trained.average, manifest_of(trained.average, tiny, name="tiny"), tmp_path / "model")
    monkeypatch.setattr(TorchEngine, "run", lambda self, batch: batch + 1)
    with pytest.raises(BrokenModel, match="differs"):
        verify(model, trained.average)


def test_a_refused_export_leaves_an_older_model_as_it_was_and_makes_no_new_one(tiny, tmp_path, monkeypatch):
    trained = state.begin(tiny)
    facts = manifest_of(trained.average, tiny, name="tiny")
    old = export(trained.average, facts, tmp_path / "old").path
    (old / "CARD.md").write_text("mine")
    held = {path.name: path.read_bytes() for path in old.iterdir()}
    torch.nn.init.normal_(trained.average.decoder.head.weight)
    run = TorchEngine.run
    monkeypatch.setattr(TorchEngine, "run", lambda self, batch: run(self, batch) + 1)
    for folder in (old, tmp_path / "new"):
        with pytest.raises(BrokenModel, match="model 'tiny' differs"):
            export(trained.average, facts, folder)
    assert {path.name: path.read_bytes() for path in old.iterdir()} == held
    assert not [path for path in tmp_path.iterdir() if path.name not in ("old", "photos", "pairs")]
    monkeypatch.undo()
    export(trained.average, facts, old)
    assert (old / "CARD.md").read_text() == "mine"
    assert (old / "model.onnx").read_bytes() != held["model.onnx"]


def test_an_export_whose_calibration_is_refused_is_not_written(tiny, tmp_path):
    state.save(state.begin(tiny), tmp_path / LAST)
    (tmp_path / "empty").mkdir()
    arguments = ["export", str(tmp_path / LAST), "-o", str(tmp_path / "model")]
    result = CliRunner().invoke(cli.program, [*arguments, "--calibrate", str(tmp_path / "empty")])
    assert isinstance(result.exception, BrokenModel)
    assert not (tmp_path / "model").exists()
