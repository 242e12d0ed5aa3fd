"""Networks that OpenVINO compiled are kept on disk, for the next time."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("openvino")

from deblurgan.catalogue import find
from deblurgan.engines import ALL_PASSES, open_engine
from deblurgan.engines import openvino_kept as kept

PICTURE = np.random.default_rng(3).integers(0, 256, (64, 96, 3), np.uint8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where they are kept, for this test alone."""
    monkeypatch.setenv("DEBLURGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


def restored(picture=PICTURE, precision="f32", threads=1):
    """What a new engine makes of a picture, and how many networks it compiles for it."""
    engine, compiled = open_engine(find("fast"), "openvino", precision=precision, threads=threads), []
    networks, sharp = engine._networks, np.empty_like(picture)
    compile_model = networks._core.compile_model
    networks._core = SimpleNamespace(compile_model=lambda *given: compiled.append(given) or compile_model(*given))
    assert engine.run_on_pixels(ALL_PASSES, picture, None, sharp)
    networks._background.submit(int).result()
    engine.close()
    return sharp, len(compiled)


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_what_was_compiled_once_is_found_again_and_gives_the_same(folder, precision):
    first, compiled = restored(precision=precision)
    assert compiled == 1
    again, compiled = restored(precision=precision)
    assert compiled == 0
    np.testing.assert_array_equal(again, first)


def test_other_sizes_threads_precisions_and_processors_have_files_of_their_own(folder, monkeypatch):
    restored()
    restored(PICTURE[:32])
    restored(threads=2)
    restored(precision="int8")
    monkeypatch.setattr(kept, "processor", lambda: "another")
    restored()
    assert len(list(folder.iterdir())) == 5


@pytest.mark.parametrize(
    "damage", [lambda contents: contents[:-1], lambda contents: b"", lambda contents: bytes(99)]
)
def test_a_damaged_file_is_made_anew(folder, damage):
    first, _ = restored()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(restored()[0], first)
    assert len(path.read_bytes()) == len(whole)


def test_what_was_not_used_for_longest_goes_where_they_take_too_much_room(folder, monkeypatch):
    restored()
    restored(PICTURE[:32])
    often, seldom = sorted(folder.iterdir())
    os.utime(often, (2, 2))
    os.utime(seldom, (1, 1))
    monkeypatch.setattr(kept, "_MOST_BYTES", 2.5 * often.stat().st_size)
    restored(PICTURE[:48])
    assert often.exists()
    assert not seldom.exists()


def test_of_many_sizes_only_the_first_few_are_kept(folder, monkeypatch):
    monkeypatch.setattr(kept, "_MOST_NEW", 2)
    engine = open_engine(find("fast"), "openvino", threads=1)
    for side in (32, 48, 64):
        engine.run(np.zeros((1, 3, side, side), np.float32))
    engine._networks._background.submit(int).result()
    assert len(list(folder.iterdir())) == 2


def test_a_large_network_is_not_kept(folder, monkeypatch):
    monkeypatch.setattr("deblurgan.engines.openvino._LARGEST_KEPT", 1000)
    restored()
    assert not folder.exists()


def test_where_nothing_can_be_kept_pictures_are_restored_all_the_same(folder):
    folder.parent.write_text("no folder")
    assert np.any(restored()[0] != PICTURE)
