"""A batch: order kept, failures told, two small photographs at once, a large one alone."""

import threading
import time

import numpy as np
import PIL.Image
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan import memory, read
from deblurgan.batch import restore_photos
from deblurgan.jobs import Job, PhotoOptions
from deblurgan.outcome import Outcome
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions

UNGUARDED = PhotoOptions(restore=RestoreOptions(guard=False))


class WatchedRestorer(Restorer):
    """Remembers how many callers were inside at once, and with how large a picture."""

    def __init__(self):
        super().__init__(IDENTITY, IdentityEngine())
        self.seen, self._inside, self._lock = [], 0, threading.Lock()

    def __call__(self, pixels, options):
        with self._lock:
            self._inside += 1
        time.sleep(0.05)
        with self._lock:
            self.seen.append((pixels.shape[1], self._inside))
            self._inside -= 1
        return super().__call__(pixels, options)


@pytest.fixture
def jobs(tmp_path):
    rng = np.random.default_rng(0)
    for number, width in enumerate([20, 30, 90, 20, 30, 20]):
        PIL.Image.fromarray(rng.integers(0, 256, (24, width, 3), np.uint8)).save(tmp_path / f"{number}.png")
    return [Job(tmp_path / f"{number}.png", tmp_path / "out" / f"{number}.png") for number in range(6)]


def test_outcomes_come_in_the_order_of_the_jobs_and_pixels_are_their_own(jobs):
    missing = Outcome("gone.png", None, "failed", "gone.png does not exist; check the name.")
    jobs[1].source.write_bytes(b"no picture")
    outcomes = list(restore_photos([*jobs[:3], missing, *jobs[3:]], WatchedRestorer(), UNGUARDED))
    statuses = [outcome.status for outcome in outcomes]
    assert statuses == ["done", "failed", "done", "failed", "done", "done", "done"]
    for job, outcome in zip([*jobs[:3], None, *jobs[3:]], outcomes, strict=True):
        if job and outcome.status == "done":
            np.testing.assert_array_equal(read(job.target).pixels, read(job.source).pixels)


def test_small_photographs_share_the_time_and_a_large_one_has_it_alone(jobs, monkeypatch):
    monkeypatch.setattr(memory, "_TOGETHER", 40 * 24)
    restorer = WatchedRestorer()
    outcomes = list(restore_photos(jobs, restorer, UNGUARDED))
    assert {outcome.status for outcome in outcomes} == {"done"}
    assert max(inside for width, inside in restorer.seen if width < 90) == 2
    assert [inside for width, inside in restorer.seen if width == 90] == [1]


def test_with_little_memory_each_has_it_alone(jobs):
    restorer = WatchedRestorer()
    options = PhotoOptions(restore=RestoreOptions(guard=False, memory_limit=500_000_000))
    assert all(outcome.status == "done" for outcome in restore_photos(jobs, restorer, options))
    assert {inside for _, inside in restorer.seen} == {1}


def test_a_batch_that_is_stopped_begins_nothing_more_and_leaves_whole_files(jobs):
    outcomes = restore_photos(jobs, WatchedRestorer(), UNGUARDED)
    next(outcomes)
    outcomes.close()
    made = sorted(jobs[0].target.parent.iterdir())
    assert 1 <= len(made) < len(jobs)
    assert all(read(path).pixels.size for path in made)
