"""The other commands as their users call them."""

import json
import os

import click
import PIL.Image
import pytest
from click.testing import CliRunner

from deblurgan import __version__, benchmark, cli, read
from deblurgan.engines import ENGINES
from deblurgan.errors import DeblurganError
from deblurgan.in_process import in_process
from deblurgan.restore import Restorer


def call(*arguments, code=0):
    result = CliRunner().invoke(cli.program, [str(argument) for argument in arguments], standalone_mode=False)
    assert result.exception is None, result.exception
    assert (result.return_value or 0) == code, result.output
    return result.output


def refused(*arguments):
    result = CliRunner().invoke(cli.program, [str(argument) for argument in arguments], standalone_mode=False)
    assert isinstance(result.exception, (DeblurganError, click.UsageError)), result.output
    return str(result.exception)


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


def test_photographs_of_one_name_make_pairs_of_two(tmp_path, scene):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for name in ("a.png", "a.bmp", "b.png"):
        PIL.Image.fromarray(scene).save(photographs / name)
    call("synthesise", photographs, "-o", tmp_path / "pairs", "--longest", 6)
    names = sorted(path.name for path in (tmp_path / "pairs").glob("*_blur.png"))
    assert names == ["a_bmp_blur.png", "a_png_blur.png", "b_blur.png"]


def test_pairs_that_are_there_are_not_replaced(pairs, tmp_path):
    said = refused("synthesise", tmp_path / "sharp", "-o", pairs, "--longest", 6)
    assert said.endswith("set_one_blur.png exists already; name another folder.")


def test_a_photograph_that_is_too_small_or_no_picture_is_passed_over(tmp_path, scene):
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    PIL.Image.fromarray(scene[:12, :12]).save(photographs / "a.png")
    (photographs / "b.png").write_text("no picture")
    options = ("-o", tmp_path / "pairs", "--longest", 6)
    assert "a.png is smaller than 13 pixels" in refused("synthesise", photographs, *options)
    PIL.Image.fromarray(scene).save(photographs / "c.png")
    said = call("synthesise", photographs, *options, code=1)
    assert "Passed over: " in said
    assert "a.png is smaller than 13 pixels" in said
    assert "b.png" in said
    assert {path.name for path in (tmp_path / "pairs").iterdir()} == {"c_blur.png", "c_sharp.png"}


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


def restored(*arguments):
    raise AssertionError("restored before the refusal")


def test_what_cannot_be_written_is_refused_before_any_work(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(Restorer, "__call__", restored)
    (tmp_path / "study.html").touch()
    assert "study.html exists already; add --overwrite" in refused("study", pairs, "-o", tmp_path)
    assert "end it in .svg or .png" in refused("evaluate", pairs, "--plot", tmp_path / "x.pdf")


def test_evaluate_replaces_nothing_unless_it_is_told_to(pairs, tmp_path):
    kept = [tmp_path / name for name in ("keep.json", "keep.html", "keep.svg", "out/default/set_one.png")]
    kept[-1].parent.mkdir(parents=True)
    for path, option in zip(kept, ("--json", "--html", "--plot", "--save"), strict=True):
        path.write_text("mine")
        target = tmp_path / "out" if option == "--save" else path
        assert f"{path.name} exists already; add --overwrite" in refused("evaluate", pairs, option, target)
        assert path.read_text() == "mine"
    json_file, html_file, plot_file, _ = kept
    reports = ("--json", json_file, "--html", html_file, "--plot", plot_file, "--save", tmp_path / "out")
    call("evaluate", pairs, *reports, "--overwrite")
    assert not any(path.read_bytes() == b"mine" for path in kept)


def test_two_reports_cannot_be_one_file(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(Restorer, "__call__", restored)
    (tmp_path / "sub").mkdir()
    report, same = tmp_path / "keep.json", tmp_path / "sub" / ".." / "keep.json"
    assert "written twice" in refused("evaluate", pairs, "--json", report, "--html", same, "--overwrite")
    picture = tmp_path / "out" / "default" / "set_one.png"
    assert "report and a picture" in refused("evaluate", pairs, "--plot", picture, "--save", tmp_path / "out")


def test_a_picture_that_is_measured_on_is_not_overwritten(pairs, tmp_path, monkeypatch):
    monkeypatch.setattr(Restorer, "__call__", restored)
    folder = pairs.rename(tmp_path / "default")
    (folder / "all.txt").write_text("set_one_sharp.png set_one_blur.png")
    assert "set_one_blur.png is measured on" in refused("evaluate", folder / "all.txt", "--save", tmp_path)


def test_pictures_of_a_list_with_absolute_paths_are_saved_in_the_folder_asked_for(pairs, tmp_path):
    blurred, sharp = pairs / "set_one_blur.png", pairs / "set_one_sharp.png"
    (pairs / "all.txt").write_text(f"{sharp} {blurred}")
    before = blurred.read_bytes()
    call("evaluate", pairs / "all.txt", "--save", tmp_path / "saved")
    assert blurred.read_bytes() == before
    assert [path.name for path in (tmp_path / "saved" / "default").iterdir()] == ["set_one_blur.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--video", "--html", "page.html"),
        ("--video", "--save", "out"),
        ("--video", "--plot", "plot.svg"),
        ("--video", "--cost", "seconds"),
        ("--video", "--metric", "ssim"),
        ("--video", "--protocol", "gopro"),
        ("--video", "--layout", "gopro"),
        ("--sharp", "."),
        ("--steady",),
    ],
)
def test_an_option_that_evaluate_would_ignore_is_refused_by_name(pairs, arguments):
    name = next(word for word in arguments if word != "--video")
    assert f"{name} is for " in refused("evaluate", pairs, *arguments)


def test_two_raters_of_one_name_are_two(tmp_path):
    vote = {"picture": "p", "left": "ours", "right": "input", "choice": "left"}
    for number in (1, 2):
        votes = {"study": "s", "rater": "A", "rater_id": str(number), "votes": [vote] * number}
        (tmp_path / f"{number}.json").write_text(json.dumps(votes))
    assert "3 votes of 2 raters" in call("study", "score", tmp_path / "1.json", tmp_path / "2.json")


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


def test_benchmark_says_what_it_timed_when_its_process_was_killed(monkeypatch):
    monkeypatch.setattr(benchmark, "in_process", lambda *_: in_process(os._exit, 9))
    with pytest.raises(DeblurganError, match="Timing default with the engine auto at 64x48 was cut short"):
        benchmark.time_model(None, "auto", size=(48, 64), runs=1, threads=1, precision="auto")


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


def test_memory_that_is_too_little_is_a_sentence(monkeypatch, capsys):
    def exhausted(**_):
        raise MemoryError

    monkeypatch.setattr(cli.program, "main", exhausted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "more memory than there is" in capsys.readouterr().err
