"""An evaluation that is killed goes on where it was, and reports what it would have reported."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import PIL.Image
import pytest

from deblurgan.engines import ENGINES

SIGKILL = getattr(signal, "SIGKILL", None)
ENGINE = next(name for name, entry in ENGINES.items() if entry.installed)


def evaluation(pairs, report, cache):
    options = ["--json", report, "--engine", ENGINE, "--threads", "1"]
    command = [sys.executable, "-m", "deblurgan", "evaluate", pairs, *options]
    return subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, "DEBLURGAN_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def figures(report):
    """All that does not depend on the clock or on what else is in memory."""
    content = json.loads(report.read_text("utf-8"))
    for row in content["rows"]:
        del row["seconds"], row["peak_mb"]
    return content


@pytest.mark.skipif(SIGKILL is None, reason="this system cannot kill a program without its consent")
def test_a_killed_evaluation_goes_on_and_reports_the_same(tmp_path, scene):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    large = np.tile(scene, (3, 3, 1))
    for number in range(20):
        PIL.Image.fromarray(np.roll(large, number % 5, axis=1)).save(pairs / f"p{number:02}_blur.png")
        PIL.Image.fromarray(large).save(pairs / f"p{number:02}_sharp.png")
    undisturbed = evaluation(pairs, tmp_path / "whole.json", tmp_path / "one")
    assert undisturbed.communicate()[1] == ""
    killed = evaluation(pairs, tmp_path / "report.json", tmp_path / "two")
    journals = tmp_path / "two" / "evaluations"
    while killed.poll() is None and not any(path.stat().st_size for path in journals.glob("*")):
        time.sleep(0.01)
    killed.send_signal(SIGKILL)
    killed.communicate()
    assert not (tmp_path / "report.json").exists()
    again = evaluation(pairs, tmp_path / "report.json", tmp_path / "two")
    assert "pictures were measured before" in again.communicate()[1]
    assert figures(tmp_path / "report.json") == figures(tmp_path / "whole.json")
    assert not list(journals.iterdir())
