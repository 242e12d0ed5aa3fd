"""A training that is killed at any moment can go on from its last checkpoint."""

import json
import random
import signal
import subprocess
import sys
import time

import PIL.Image
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from deblurgan.training import state  # noqa: E402
from deblurgan.training.run_folder import LAST, LOG  # noqa: E402

KILLS = 3
SETTINGS = (
    "data.crop=32",
    "data.batch=2",
    "data.workers=0",
    "blur.longest=6",
    "generator.options={channels = [8, 8], depths = [1, 1], decoder_depths = [1]}",
    "schedule.steps=100000",
    "schedule.checkpoint_every=1",
    "schedule.log_every=1",
    "validation.pairs=[]",
)


def test_it_resumes_after_every_kill_and_no_checkpoint_is_broken(tmp_path, scene):
    (tmp_path / "photos").mkdir()
    PIL.Image.fromarray(scene).save(tmp_path / "photos" / "a.png")
    settings = (*SETTINGS, f"data.photos=['{tmp_path / 'photos'}']", "data.pairs=[]")
    run, chance = tmp_path / "run", random.Random(0)
    command = [sys.executable, "-m", "deblurgan", "train", "plain-start", "-o", run, "--threads", "1"]
    command += [part for setting in settings for part in ("--set", setting)]
    step = 0
    for kill in range(KILLS):
        resume = ["--resume"] if kill else []
        process = subprocess.Popen([*command, *resume], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        while not reached(run, step + 2):
            assert process.poll() is None
            assert time.monotonic() - begun < 120
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        saved = state.load(run / LAST)
        assert saved.step > step
        step = saved.step


def reached(run, step):
    """Whether a step after `step` stands in the log; a line may be cut short by the kill."""
    if not (run / LOG).exists():
        return False
    lines = (run / LOG).read_text().splitlines()
    return any(json.loads(line)["step"] >= step for line in lines if line.endswith("}"))
