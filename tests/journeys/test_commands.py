"""The other commands as their users call them."""

import json

import PIL.Image
import pytest
from click.testing import CliRunner

from deblurgan import __version__, cli, read
from deblurgan.engines import ENGINES


def call(*arguments, code=0):
    result = CliRunner().invoke(cli.program, [str(argument) for argument in arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    assert (result.return_value or 0) == code, result.output
    return result.output


@pytest.fixture
def pairs(tmp_path, scene):
    """Two synthetic pairs made by the command itself."""
    source = tmp_path / "sharp"
    source.mkdir()
    for name in ("one", "two"):
        PIL.Image.fromarray(scene).save(source / f"set_{name}.png")
    call("synthesise", source, "-o", tmp_path / "pairs", "--longest", 6, "--seed", 3)
    return tmp_path / "pairs"


def test_every_command_explains_itself():
    for name in cli.COMMANDS:
        assert "Usage" in call(name, "--help")


def test_the_version_is_the_package_s():
    assert __version__ in call("--version")


def test_doctor_names_the_engine_that_would_be_used():
    assert "would use       model default in" in call("doctor")


def test_models_are_listed_described_and_located():
    assert call("models", "list").startswith("default\t")
    assert "4,699,500 of them live" in call("models", "info", "default")
    assert "18.88 GMACs for 640x360" in call("models", "info", "default", "--size", "640x360")
    assert call("models", "path").strip().endswith("default")


def test_synthesised_pairs_repeat_with_their_seed(pairs, tmp_path):
    call("synthesise", tmp_path / "sharp", "-o", tmp_path / "again", "--longest", 6, "--seed", 3)
    for path in pairs.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_a_seed_below_zero_is_refused(photo_file, tmp_path):
    result = CliRunner().invoke(cli.program, ["synthesise", str(photo_file), "-o", str(tmp_path), "--seed", "-1"])
    assert result.exit_code == 2
    assert "-1 is not in the range" in result.output


def test_pairs_are_made_as_a_recipe_degrades_them(tmp_path, scene):
    PIL.Image.fromarray(scene).save(tmp_path / "scene.png")
    call("synthesise", tmp_path / "scene.png", "-o", tmp_path / "pairs", "--recipe", "super-resolution-x2")
    small, large = (read(tmp_path / "pairs" / f"scene_{side}.png") for side in ("blur", "sharp"))
    assert (large.width, large.height) == (2 * small.width, 2 * small.height)
    text = call("evaluate", tmp_path / "pairs", code=1)
    assert "| pairs | 1 | input |" in text  # enlarged by the bicubic filter
    assert "differ in shape" in text  # the default model does not enlarge


def test_a_recipe_has_its_own_longest_motion(tmp_path, scene):
    PIL.Image.fromarray(scene).save(tmp_path / "scene.png")
    result = CliRunner().invoke(
        cli.program,
        ["synthesise", str(tmp_path / "scene.png"), "-o", str(tmp_path), "--recipe", "plain", "--longest", "9"],
    )
    assert "--longest is part of the recipe" in result.output


def test_evaluation_always_shows_the_untouched_input(pairs, tmp_path):
    page = tmp_path / "page.html"
    text = call("evaluate", pairs, "--json", tmp_path / "rows.json", "--save", tmp_path / "out", "--html", page)
    assert page.read_text().count("data:image/jpeg;base64,") == 2 * 3
    assert "http" not in page.read_text()
    assert "| input |" in text
    assert "| default |" in text
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert {(row["model"], row["metric"]) for row in rows} == {
        (model, metric) for model in ("input", "default") for metric in ("psnr", "ssim")
    }
    assert (tmp_path / "out" / "default" / "set_one.png").exists()


def test_two_models_of_one_name_cannot_be_told_apart(pairs):
    result = CliRunner().invoke(cli.program, ["evaluate", str(pairs), "-m", "default", "-m", "default"])
    assert result.exit_code == 2
    assert "Several models are called default" in result.output


def test_benchmark_gives_a_line_per_combination():
    (line,) = call("benchmark", "--size", "64x48", "--runs", 1, "--json").splitlines()
    timing = json.loads(line)
    assert {
        "model",
        "engine",
        "precision",
        "width",
        "height",
        "seconds",
        "fps",
        "peak_mb",
        "share_of_peak",
    } <= set(timing)
    assert (timing["width"], timing["height"]) == (64, 48)
    assert timing["share_of_peak"] > 0


@pytest.mark.skipif(not ENGINES["openvino"].installed, reason="int8 is OpenVINO's")
def test_benchmark_holds_int8_against_plain_convolutions_in_int8():
    (line,) = call("benchmark", "--size", "64x48", "--runs", 1, "--precision", "int8", "--json").splitlines()
    assert json.loads(line)["precision"] == "int8"
    assert json.loads(line)["share_of_peak"] > 0


def test_a_training_becomes_a_model_that_runs(pairs, tmp_path, scene):
    pytest.importorskip("torch")
    settings = {
        "data.photos": [str(tmp_path / "sharp")],
        "data.pairs": [str(pairs)],
        "data.crop": 32,
        "data.workers": 0,
        "blur.longest": 6,
        "generator.options": "{channels = [8, 8], depths = [1, 1], decoder_depths = [1]}",
        "schedule.steps": 3,
        "schedule.warmup": 1,
        "validation.pairs": [str(pairs)],
    }
    overrides = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    call("train", "plain-start", *overrides, "-o", tmp_path / "run")
    call("export", tmp_path / "run", "-o", tmp_path / "tiny", "--measure", pairs)
    described = call("models", "info", tmp_path / "tiny")
    assert "blurred input" in described
    PIL.Image.fromarray(scene).save(tmp_path / "photo.png")
    assert "photo_deblurred.png" in call("run", tmp_path / "photo.png", "--model", tmp_path / "tiny")
    call("export", tmp_path / "run", "-o", tmp_path / "half", "--interpolate", tmp_path / "tiny", 0.5)
    assert (tmp_path / "half" / "model.onnx").read_bytes() == (tmp_path / "tiny" / "model.onnx").read_bytes()
