"""Networks that OpenVINO compiled are kept on disk, for the next time."""

import os

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


def restored(picture=PICTURE, precision="f32", threads=1, compiled=()):
    """What a new engine makes of a picture; whatever it compiles for it is appended to `compiled`."""
    engine = open_engine(find("fast"), "openvino", precision=precision, threads=threads)
    networks, sharp = engine._networks, np.empty_like(picture)
    compile_model = networks._core.compile_model
    networks._core = type(
        "Core", (), {"compile_model": lambda _, *given: _noted(compile_model(*given), compiled)}
    )()
    assert engine.run_on_pixels(ALL_PASSES, picture, None, sharp)
    networks._background.submit(int).result()
    engine.close()
    return sharp


def _noted(network, compiled):
    compiled.append(network) if isinstance(compiled, list) else None
    return network


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_what_was_compiled_once_is_found_again_and_gives_the_same(folder, precision):
    compiled = []
    first = restored(precision=precision, compiled=compiled)
    assert len(compiled) == 1
    np.testing.assert_array_equal(restored(precision=precision, compiled=compiled), first)
    assert len(compiled) == 1


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
    first = restored()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(restored(), first)
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


def test_where_nothing_can_be_kept_pictures_are_restored_all_the_same(folder):
    folder.parent.write_text("no folder")
    assert np.any(restored() != PICTURE)
