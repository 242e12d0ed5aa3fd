"""The first photograph is read while the model loads."""

import gc
import weakref

import numpy as np
import PIL.Image
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan.early_reading import EarlyReading
from deblurgan.errors import TooLarge, UnreadableImage
from deblurgan.image import MAX_PIXELS, read
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.outcome import Outcome
from deblurgan.photo import begun, restore_photo
from deblurgan.restore import Restorer


@pytest.fixture
def job(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "photo.png")
    return Job(tmp_path / "photo.png", tmp_path / "sharp.png")


def test_a_photograph_whose_reading_has_begun_is_not_read_again(job, monkeypatch):
    monkeypatch.delattr("deblurgan.photo.read")
    first, second = begun([job, job], PhotoOptions())
    assert first.reading
    assert not second.reading
    assert restore_photo(first, Restorer(IDENTITY, IdentityEngine()), PhotoOptions()).status != "failed"
    np.testing.assert_array_equal(read(job.target).pixels, read(job.source).pixels)


def test_what_is_wrong_with_it_is_said_when_its_turn_comes(job):
    job.source.write_bytes(b"no picture")
    (first,) = begun([job], PhotoOptions())
    outcome = restore_photo(first, Restorer(IDENTITY, IdentityEngine()), PhotoOptions())
    assert outcome.status == "failed"
    assert str(job.source) in outcome.reason


def test_nothing_is_read_that_will_not_be_restored(job, tmp_path):
    failed = Outcome("gone.jpg", None, "failed", "gone.jpg does not exist; check the name.")
    for first in (failed, Job(tmp_path / "gone.jpg", job.target), Job(tmp_path / "clip.mp4", job.target)):
        assert begun([first, job], PhotoOptions()) == [first, job]
    job.target.touch()
    assert [entry.reading for entry in begun([job], PhotoOptions())] == [None]
    assert [bool(entry.reading) for entry in begun([job], PhotoOptions(overwrite=True))] == [True]
    assert begun([], PhotoOptions()) == []


def test_a_photograph_too_large_for_one_caller_is_kept_for_the_next_and_then_no_longer(job):
    reading = EarlyReading(job.source, MAX_PIXELS)
    with pytest.raises(TooLarge, match="60 x 40"):
        reading.take(1000)
    photo = reading.take(MAX_PIXELS)
    taken = weakref.ref(photo)
    del photo
    gc.collect()
    assert taken() is None
    assert reading.take(MAX_PIXELS).width == 60


def test_one_that_cannot_be_read_fails_for_all_who_ask(tmp_path):
    reading = EarlyReading(tmp_path / "gone.png", MAX_PIXELS)
    for _ in range(2):
        with pytest.raises(UnreadableImage, match="does not exist"):
            reading.take(MAX_PIXELS)
