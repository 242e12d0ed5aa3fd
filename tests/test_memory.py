"""Tiles follow from a limit on memory, and a smaller one is tried when memory runs out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan import memory
from deblurgan.engines import ENGINES
from deblurgan.engines.exhaustion import as_memory_error
from deblurgan.errors import DeblurganError, TooLarge
from deblurgan.image import read
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.photo import restore_photo
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5G", 1_500_000_000), ("800m", 800_000_000), ("2 GB", 2 * 10**9), ("3000000000", 3 * 10**9)],
)
def test_sizes_are_read_as_people_write_them(text, size):
    assert memory.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1G", "1.5", "20M", "1e9"])
def test_what_is_no_size_or_too_small_is_refused(text):
    with pytest.raises(DeblurganError, match="Memory is"):
        memory.parse_size(text)


@given(
    st.tuples(st.integers(1, 12_000), st.integers(1, 12_000)),
    st.sampled_from([1, 2, 4]),
    st.integers(10**9, 8 * 10**9),
    st.sampled_from(list(memory.ENGINE_MEMORY)),
    st.booleans(),
    st.sampled_from([0, 2]),
    st.booleans(),
)
def test_more_memory_never_means_smaller_tiles_nor_more_than_the_limit(
    size, bytes_per_sample, limit, engine, blended, copies, by_passes
):
    def tile(limit):
        return memory.largest_tile(
            size,
            bytes_per_sample=bytes_per_sample,
            limit=limit,
            engine=engine,
            blended=blended,
            copies=copies,
            by_passes=by_passes,
        )

    pixels = tile(limit)
    assert pixels <= tile(limit + 10**8)
    costs = memory.ENGINE_MEMORY[engine]
    work = pixels * (costs.per_tile_pixel + 12 * copies) + 24 * size[1] * pixels**0.5 * blended
    rest = limit - costs.program - (6 * bytes_per_sample + 1.5 * by_passes) * size[0] * size[1]
    assert work <= max(rest, 0) + 1 or pixels == tile(0)


def test_large_pictures_leave_room_for_a_tile_unless_memory_is_short(monkeypatch):
    def tile(bytes_per_sample, free):
        monkeypatch.setattr(memory, "available", lambda: free)
        return memory.largest_tile(
            (6000, 8000),
            bytes_per_sample=bytes_per_sample,
            limit=None,
            engine=("openvino", "bf16"),
            blended=False,
            by_passes=True,
        )

    assert tile(1, 10**10) > tile(4, 10**10) > 4 * 10**6
    assert tile(4, 10**9) == 640**2


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({"memory.max": "2000", "memory.current": "1900", "memory.stat": "anon 200\ninactive_file 1700\n"}, 1800),
        ({"memory.max": "2000", "memory.current": "1900", "memory.stat": "anon 200\n"}, 100),
        ({"memory.max": "2000", "memory.current": "1900"}, 100),
        ({"memory.max": "max", "memory.current": "1900", "memory.stat": "inactive_file 1700\n"}, 10**6 * 1024),
        ({}, 10**6 * 1024),
    ],
)
def test_a_container_has_free_what_it_would_drop_at_need(tmp_path, monkeypatch, files, free):
    for name, text in files.items():
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable: 1000000 kB\n")
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(memory, "_SYSTEM", tmp_path / "meminfo")
    assert memory.available() == free


def test_every_engine_was_measured():
    assert {name for name, _ in memory.ENGINE_MEMORY} == set(ENGINES)


def test_a_little_memory_cuts_a_picture_that_much_leaves_whole():
    pixels = np.zeros((1000, 1400, 3), np.uint8)
    restorer = Restorer(IDENTITY, IdentityEngine())
    assert restorer(pixels, RestoreOptions(memory_limit=250 * 10**6)).tiles > 1
    assert restorer(pixels, RestoreOptions(memory_limit=4 * 10**9)).tiles == 1


@pytest.mark.parametrize(
    ("tile", "limit", "kept"),
    [("auto", 4 * 10**9, 1400 * 1000 * 1.4), (500, None, 500**2), ("off", None, 1400 * 1000 * 1.4)],
)
def test_an_engine_may_keep_what_all_sizes_of_a_picture_need_within_the_limit(tile, limit, kept):
    class KeepingEngine(IdentityEngine):
        def keep(self, pixels):
            self.kept = pixels

        def prepare(self, inputs):
            pass

    restorer = Restorer(IDENTITY, KeepingEngine())
    restorer(np.zeros((1000, 1400, 3), np.uint8), RestoreOptions(tile=tile, memory_limit=limit))
    assert restorer.engine.kept == pytest.approx(kept, rel=0.05)


class SmallEngine(IdentityEngine):
    """Runs out of memory above a number of pixels."""

    def __init__(self, room):
        super().__init__()
        self.room = room

    def run(self, batch):
        if batch[0, 0].size > self.room:
            raise MemoryError
        return super().run(batch)


@pytest.mark.parametrize("tile", ["auto", 300])
def test_smaller_tiles_are_tried_when_memory_runs_out(tile):
    pixels = np.random.default_rng(0).integers(0, 256, (260, 330, 3), np.uint8)
    engine = SmallEngine(160 * 160)
    restored = Restorer(IDENTITY, engine)(pixels, RestoreOptions(tile=tile))
    np.testing.assert_array_equal(restored.pixels, pixels)
    assert restored.tiles > 1
    assert restored.tiles == len(engine.shapes)


@pytest.mark.parametrize("options", [RestoreOptions(), RestoreOptions(tile="off")])
def test_when_no_tile_fits_the_photo_fails_in_one_sentence(photo_file, tmp_path, options):
    job = Job(photo_file, tmp_path / "out.jpg")
    outcome = restore_photo(job, Restorer(IDENTITY, SmallEngine(100)), PhotoOptions(restore=options))
    assert outcome.status == "failed"
    assert "more memory than there is" in outcome.reason
    assert not job.target.exists()


def test_a_photo_too_large_for_the_limit_is_refused_from_its_header(photo_file, tmp_path):
    options = PhotoOptions(restore=RestoreOptions(memory_limit=memory.LEAST_LIMIT + 1))
    outcome = restore_photo(Job(photo_file, tmp_path / "out.jpg"), Restorer(IDENTITY, IdentityEngine()), options)
    assert outcome.status == "failed"
    assert "allow more --memory" in outcome.reason


@pytest.mark.parametrize(
    "words",
    [
        "Exception from src/inference: std::bad_alloc",
        "[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 9",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.",
    ],
)
def test_each_engine_says_in_its_own_words_that_memory_ran_out(words):
    with pytest.raises(MemoryError), as_memory_error():
        raise RuntimeError(words)
    with pytest.raises(RuntimeError, match="shape"), as_memory_error():
        raise RuntimeError("a shape does not fit")


def test_a_photo_as_stored_holds_the_same_numbers(photo_file):
    stored, floats = read(photo_file, as_stored=True), read(photo_file)
    assert stored.pixels.dtype == np.uint8
    np.testing.assert_array_equal(stored.pixels / np.float32(255), floats.pixels)
    with pytest.raises(TooLarge):
        read(photo_file, as_stored=True, max_pixels=5)
