"""A checkpoint file runs like any model; the second time, from the cache."""

import pytest

pytest.importorskip("timm")

from deblurgan import networks
from deblurgan.catalogue import find
from deblurgan.errors import BrokenModel, DeblurganError
from deblurgan.restore import load


def test_a_checkpoint_becomes_a_model_once(tmp_path, monkeypatch, scene):
    monkeypatch.setenv("DEBLURGAN_CACHE", str(tmp_path / "cache"))
    small = networks.build("fpn_plain", channels=(8, 8), depths=(1, 1), decoder_depths=(1,))
    networks.save(small, tmp_path / "small.safetensors")
    restored = load(str(tmp_path / "small.safetensors"))(scene)
    assert restored.pixels.shape == scene.shape
    first = find(tmp_path / "small.safetensors")
    monkeypatch.setattr(networks, "load", None)
    assert find(tmp_path / "small.safetensors") == first


def test_a_model_in_the_cache_that_cannot_be_read_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("DEBLURGAN_CACHE", str(tmp_path / "cache"))
    small = networks.build("fpn_plain", channels=(8, 8), depths=(1, 1), decoder_depths=(1,))
    networks.save(small, tmp_path / "small.safetensors")
    first = find(tmp_path / "small.safetensors")
    (first.path / "manifest.json").write_text('{"schema": 1, "a fact of old": 3}')
    assert find(tmp_path / "small.safetensors") == first


def test_a_checkpoint_that_fails_the_check_is_refused_every_time(tmp_path, monkeypatch):
    monkeypatch.setenv("DEBLURGAN_CACHE", str(tmp_path / "cache"))
    small = networks.build("fpn_plain", channels=(8, 8), depths=(1, 1), decoder_depths=(1,))
    networks.save(small, tmp_path / "small.safetensors")
    monkeypatch.setattr("deblurgan.training.export.TOLERANCE", -1)
    for _ in range(2):
        with pytest.raises(BrokenModel, match="model 'small' differs"):
            find(tmp_path / "small.safetensors")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "notes.h5").write_text("not weights")
    with pytest.raises(BrokenModel, match="checkpoint"):
        find(tmp_path / "notes.h5")


def test_what_a_training_has_left_is_answered_with_the_way_to_a_model(tmp_path):
    import torch

    run = tmp_path / "run"
    run.mkdir()
    torch.save({"recipe": {}, "average": {}}, run / "last.pt")
    for name in ("recipe.toml", "environment.json"):
        (run / name).write_text("")
    for given in (run, run / "last.pt"):
        with pytest.raises(DeblurganError, match=f"deblurgan export {given} -o MODEL"):
            find(given)


def test_a_checkpoint_cut_short_anywhere_is_called_damaged(tmp_path):
    import torch

    torch.save({"weight": torch.zeros(1000)}, tmp_path / "whole.pth")
    contents = (tmp_path / "whole.pth").read_bytes()
    for length in (0, 3, 30, 1000, len(contents) // 2, len(contents) - 1):
        (tmp_path / "cut.pth").write_bytes(contents[:length])
        with pytest.raises(BrokenModel, match="or is damaged"):
            find(tmp_path / "cut.pth")
