"""A manifest survives its file, and a wrong one is refused with the reason."""

import dataclasses
import json

import pytest

from conftest import IDENTITY
from deblurgan import manifest
from deblurgan.catalogue import BUNDLED, Catalogue
from deblurgan.errors import BrokenModel, UnknownModel
from deblurgan.manifest import Measurement, ModelFile

FULL = dataclasses.replace(
    IDENTITY,
    files={"onnx": ModelFile("model.onnx", "00")},
    options={"channels": [8, 16]},
    trained_on=("photos, CC0",),
    measured=(Measurement("psnr", 23.0, 22.0, "pairs", "deblurgan evaluate pairs"),),
)


def model_folder(path, facts, content=b"weights"):
    path.mkdir(parents=True)
    (path / "model.onnx").write_bytes(content)
    described = {"onnx": manifest.describe_file(path / "model.onnx")}
    (path / manifest.FILE_NAME).write_text(manifest.dump(dataclasses.replace(facts, files=described)))
    return path


def test_writing_and_reading_gives_the_same_manifest(tmp_path):
    (tmp_path / manifest.FILE_NAME).write_text(manifest.dump(FULL))
    assert manifest.load(tmp_path) == FULL


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "unknown fact 'colour'"),
        ({"schema": 99}, "schema"),
        ({"tiling": "sometimes"}, "tiling"),
        ({"name": ...}, "incomplete"),
        ({"files": {"onnx": {"path": "model.onnx"}}}, "incomplete"),
        ({"files": {"onnx": {"path": "model.onnx", "sha256": "00", "colour": 3}}}, "colour"),
        ({"files": ["model.onnx"]}, r'files cannot be \["model.onnx"\]'),
        ({"files": {"onnx": {"path": 3, "sha256": "00"}}}, "files"),
        ({"files": {"onnx": "model.onnx"}}, "files"),
        ({"minimum_size": 32}, "minimum_size cannot be 32"),
        ({"value_range": [0, 1, 2]}, "value_range"),
        ({"halo": "wide"}, "halo"),
        ({"measured": [3]}, "measured"),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path, change, says):
    content = json.loads(manifest.dump(FULL)) | change
    kept = {key: value for key, value in content.items() if value is not ...}
    (tmp_path / manifest.FILE_NAME).write_text(json.dumps(kept))
    with pytest.raises(BrokenModel, match=says):
        manifest.load(tmp_path)


def test_a_folder_without_manifest_is_no_model(tmp_path):
    with pytest.raises(BrokenModel, match="not a model folder"):
        manifest.load(tmp_path)


def test_models_are_found_by_name_and_by_path(tmp_path):
    folder = model_folder(tmp_path / "mine", FULL)
    models = Catalogue((tmp_path,))
    assert models.names == ("mine",)
    assert models.find("mine").path == models.find(str(folder)).path == folder


def test_an_unknown_model_is_answered_with_the_known_ones(tmp_path):
    model_folder(tmp_path / "mine", FULL)
    with pytest.raises(UnknownModel, match=r"'yours'.*known: mine"):
        Catalogue((tmp_path,)).find("yours")


def test_the_environment_names_the_model_when_nobody_does(tmp_path, monkeypatch):
    folder = model_folder(tmp_path / "mine", FULL)
    monkeypatch.setenv("DEBLURGAN_MODEL", str(folder))
    assert Catalogue(()).find().path == folder


def test_an_altered_file_is_refused(tmp_path):
    folder = model_folder(tmp_path / "mine", FULL)
    (folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(BrokenModel, match="checksum"):
        Catalogue((tmp_path,)).find("mine").file("onnx")


@pytest.mark.parametrize("name", sorted(path.name for path in BUNDLED.iterdir() if path.is_dir()))
def test_every_bundled_model_is_whole_small_and_documented(name):
    model = Catalogue((BUNDLED,)).find(name)
    assert all(model.file(kind).stat().st_size <= 10e6 for kind in model.manifest.files)
    assert model.manifest.measured
    assert model.manifest.trained_on
    assert (model.path / "CARD.md").read_text("utf-8").strip()
