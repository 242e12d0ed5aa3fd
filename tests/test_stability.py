"""A clip is as steady as what does not move with its scene."""

import dataclasses

import numpy as np
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan.errors import PairError
from deblurgan.restore import Restorer
from deblurgan.stability import measure_stability

pytest.importorskip("cv2")


class Flickering(IdentityEngine):
    """Brightens every second frame."""

    def run(self, batch):
        return super().run(batch) + (0.1 if len(self.shapes) % 2 else 0.0)


class Contrasting(IdentityEngine):
    """Does the same to every frame."""

    def run(self, batch):
        return super().run(batch) * 0.5


@pytest.fixture
def clip():
    rows, columns = np.mgrid[0:96, 0:128]
    return [
        (128 + 60 * np.sin((columns - 2 * step) / 9)[..., None] * np.cos(rows / 7)[..., None] * np.ones(3)).astype(
            np.uint8
        )
        for step in range(4)
    ]


def test_a_network_that_changes_nothing_is_as_steady_as_the_input(clip):
    before, after = measure_stability(clip, {"identity": Restorer(IDENTITY, IdentityEngine())})
    assert dataclasses.replace(after, model="input") == before
    assert after.residual == 0


def test_flicker_is_seen(clip):
    before, after = measure_stability(clip, {"flickering": Restorer(IDENTITY, Flickering())})
    assert after.jitter > 2 * before.jitter
    assert after.residual_variation == pytest.approx(0.05 * 255, rel=0.1)


def test_merging_frames_with_their_neighbours_takes_flicker_away(clip):
    restorers = {
        "flickering": Restorer(IDENTITY, Flickering()),
        "identity": Restorer(IDENTITY, IdentityEngine()),
    }
    plain, steady = (measure_stability(clip, restorers, steady=steady) for steady in (False, True))
    assert steady[1].jitter < 0.7 * plain[1].jitter
    assert steady[1].frames == plain[1].frames == len(clip)
    assert steady[2].jitter < 0.8 * steady[1].jitter


def test_contrast_is_no_flicker(clip):
    before, after = measure_stability(clip, {"contrasting": Restorer(IDENTITY, Contrasting())})
    assert after.warping_error == pytest.approx(before.warping_error / 2, rel=0.2)
    assert after.jitter == pytest.approx(before.jitter, rel=0.2)


def test_beside_a_sharp_clip_the_rest_is_what_is_still_wrong(clip):
    *_, sharp = figures = measure_stability(clip, {}, clip)
    assert [row.model for row in figures] == ["input", "sharp"]
    assert sharp.residual == sharp.residual_variation == 0


@pytest.mark.parametrize("sharp", [[], [np.zeros((96, 128, 3), np.uint8)]])
def test_too_few_frames_are_refused(clip, sharp):
    with pytest.raises(PairError):
        measure_stability(clip, {}, sharp)
    with pytest.raises(PairError, match="two frames"):
        measure_stability(clip[:1], {})
