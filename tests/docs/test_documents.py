"""The documents stay true: their commands parse and their links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest

from deblurgan import cli
from deblurgan.metrics import METRICS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/CARD.md")])


def commands():
    for document in DOCUMENTS:
        for block in re.findall(r"```console\n(.*?)```", document.read_text("utf-8"), flags=re.S):
            for line in re.findall(r"^\$ (deblurgan .*)$", block, flags=re.M):
                yield pytest.param(shlex.split(line, comments=True)[1:], id=f"{document.name}: {line}")


@pytest.mark.parametrize("arguments", list(commands()))
def test_a_command_in_the_documents_is_understood(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "frames", "sharp", "pairs", "runs/mine"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("fpn_mobilenet.h5", "walk.mp4", "votes-ada.json", "votes-bo.json"):
        (tmp_path / name).touch()
    name, *rest = arguments
    command = cli.program.get_command(None, name)
    assert command is not None
    if isinstance(command, click.Group):
        name, command, rest = command.resolve_command(click.Context(command), rest)
    assert command.make_context(name, rest)


def test_the_commands_of_the_readme_can_be_run_one_after_the_other():
    run = cli.program.get_command(None, "run")
    written = []
    for line in re.findall(r"^\$ deblurgan run (.*)$", (ROOT / "README.md").read_text("utf-8"), flags=re.M):
        given = run.make_context("run", shlex.split(line, comments=True)).params
        if not (given["overwrite"] or given["skip_existing"]):
            written.append(given["output"] or given["inputs"])
    assert len(set(written)) == len(written) > 5


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
        assert (document.parent / link).exists(), link


def test_every_recipe_setting_is_explained():
    import dataclasses

    from deblurgan.blur import BlurSettings
    from deblurgan.training import settings as recipe

    sections = (
        recipe.PairSource,
        recipe.DataSettings,
        recipe.GeneratorSettings,
        recipe.AdversarialSettings,
        recipe.OptimiserSettings,
        recipe.ScheduleSettings,
        recipe.ValidationSettings,
        recipe.Recipe,
        BlurSettings,
    )
    for section in sections:
        for setting in dataclasses.fields(section):
            if not dataclasses.is_dataclass(setting.default_factory):
                assert f"{setting.name}:" in (section.__doc__ or ""), f"{section.__name__}.{setting.name}"


CARDS = [(path, path.parent.name) for path in sorted(ROOT.glob("src/deblurgan/models/*/CARD.md"))]


@pytest.mark.parametrize(("document", "model"), [(ROOT / "README.md", "default"), *CARDS])
def test_published_figures_are_those_of_the_manifest(document, model):
    from deblurgan.catalogue import BUNDLED, Catalogue

    text = document.read_text("utf-8")
    table = re.search(r"<!-- figures -->(.*?)<!-- end of figures -->", text, flags=re.S)
    assert table is not None
    for entry in Catalogue((BUNDLED,)).find(model).manifest.measured:
        digits = METRICS[entry.figure].digits
        for figure in (entry.value, entry.baseline):
            assert f"{figure:.{digits}f}" in table[1]
