"""An engine is told, while a photo is still being read, what it will be given."""

import dataclasses

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import IDENTITY, IdentityEngine
from deblurgan.by_pillow import size_by_header
from deblurgan.engines import ALL_PASSES, Input
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.photo import restore_photo
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions

ORIENTATION = 274


class PreparedEngine(IdentityEngine):
    """Changes nothing, and remembers what it was told to prepare for and what came."""

    takes_pixels = True

    def __init__(self):
        super().__init__()
        self.foreseen, self.came = [], []

    def keep(self, pixels):
        pass

    def prepare(self, inputs):
        self.foreseen += inputs

    def run(self, batch):
        self._note(ALL_PASSES, batch.shape[2:], on_pixels=False)
        return batch.copy()

    def run_pass(self, number, picture, coarse, change):
        self._note(number, picture.shape[2:], on_pixels=False)
        change[...] = 0

    def run_on_pixels(self, number, pixels, coarse, sharp):
        self._note(number, pixels.shape[:2], on_pixels=True)
        sharp[...] = pixels
        return True

    def _note(self, number, size, *, on_pixels):
        given = Input(number, tuple(size), on_pixels)
        if given not in self.came:
            self.came.append(given)


@settings(max_examples=30)
@given(
    size=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    shortest=st.sampled_from([1, 2048]),
    tile=st.sampled_from(["auto", "off", 96, 160]),
    scales=st.integers(1, 3),
    dtype=st.sampled_from([np.uint8, np.uint16]),
)
@example(size=(1, 1), shortest=2048, tile=96, scales=2, dtype=np.uint8)
def test_what_was_foreseen_is_what_comes(size, shortest, tile, scales, dtype):
    engine, options = PreparedEngine(), RestoreOptions(tile=tile)
    restorer = Restorer(dataclasses.replace(IDENTITY, recurrent_scales=scales), engine)
    size = max(size[0], shortest), max(size[1], shortest)
    restorer.prepare(size, dtype, options)
    restorer(np.zeros((*size, 3), dtype), options)
    assert engine.foreseen == engine.came


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_is_prepared_for_as_it_will_stand(tmp_path, scene, name, turn):
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = turn
    PIL.Image.fromarray(scene[:90]).save(tmp_path / name, exif=exif)
    engine = PreparedEngine()
    outcome = restore_photo(
        Job(tmp_path / name, tmp_path / "sharp.png"), Restorer(IDENTITY, engine), PhotoOptions()
    )
    assert outcome.status == "done", outcome.reason
    assert engine.foreseen == engine.came
    assert engine.foreseen[0].size == ((96, 128) if turn < 5 else (128, 96))


def test_other_files_tell_no_size_and_wait_for_no_writer(tmp_path, scene):
    fine, deep, text, cut = (tmp_path / name for name in ("fine.webp", "deep.png", "text.jpg", "cut.jpg"))
    PIL.Image.fromarray(scene).save(fine)
    PIL.Image.fromarray(scene[..., 0].astype(np.uint16)).save(deep)
    text.write_text("no picture")
    cut.write_bytes(b"\xff\xd8\xff\xe0")
    assert [size_by_header(path) for path in (fine, deep, text, cut, tmp_path)] == [None] * 5
