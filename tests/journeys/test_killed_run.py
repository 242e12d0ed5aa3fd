"""A batch that is killed at any moment leaves whole files, and the next run completes it."""

import hashlib
import random
import subprocess
import sys
import time

import numpy as np
import PIL.Image
import pytest

PHOTOS, KILLS = 50, 10


@pytest.mark.skipif(sys.platform != "linux", reason="files without a name are Linux's")
def test_ten_kills_leave_no_part_of_a_file_and_lose_nothing(tmp_path, scene):
    photos, results = tmp_path / "photos", tmp_path / "results"
    photos.mkdir()
    for number in range(PHOTOS):
        PIL.Image.fromarray(np.roll(scene, number, axis=1)).save(photos / f"{number:02}.jpg")
    untouched = _digests(photos)
    command = [sys.executable, "-m", "deblurgan", "run", photos, "-o", results, "--skip-existing", "--quiet"]
    moments = random.Random(0)
    made = 0
    for _ in range(KILLS):
        batch = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        # The clock starts with the first new file, so that a slow start does not use up the kill.
        while batch.poll() is None and len(list(results.glob("*"))) == made:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.15))
        batch.kill()
        batch.wait()
        files = list(results.iterdir())
        assert all(path.suffix == ".jpg" and not path.name.startswith(".") for path in files)
        for path in files:
            PIL.Image.open(path).load()
        made = len(files)
    assert made > 0
    assert subprocess.run(command, stdout=subprocess.DEVNULL).returncode == 0
    assert len(list(results.iterdir())) == PHOTOS
    assert _digests(photos) == untouched


def _digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.iterdir()}
