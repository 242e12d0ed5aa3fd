"""What must not be loaded is not loaded."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

import deblurgan
from deblurgan.engines import ENGINES

HEAVY = ("torch", "openvino", "onnxruntime", "pyvips", "numpy", "PIL", "av", "cv2")


def loaded_after(code: str, environment: Mapping[str, str] = os.environ) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert not loaded_after("import deblurgan") & set(HEAVY)


def test_help_loads_nothing_heavy():
    code = """
import sys
from deblurgan.cli import main
sys.argv = ["deblurgan", "--help"]
try:
    main()
except SystemExit:
    pass"""
    assert not loaded_after(code) & set(HEAVY)


def test_restoring_does_not_load_torch(photo_file, tmp_path):
    target = tmp_path / "sharp.png"
    code = f"import deblurgan; deblurgan.deblur({str(photo_file)!r}, to={str(target)!r})"
    assert "torch" not in loaded_after(code)
    assert target.exists()


@pytest.mark.parametrize("name", deblurgan.__all__)
def test_every_public_name_resolves(name):
    assert getattr(deblurgan, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="sharpen"):
        _ = deblurgan.sharpen


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_engines_report_nothing_to_their_makers(engine, tmp_path):
    if not ENGINES[engine].installed:
        pytest.skip(f"needs the engine {engine}")
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    # Where tests run by themselves they would not report in any case.
    told = {"HOME": str(home), "DEBLURGAN_CACHE": str(cache), "CI": "false"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ORT_"))}
    code = f"""
import numpy as np
import deblurgan
deblurgan.load("fast", engine={engine!r})(np.zeros((64, 64, 3), np.uint8))"""
    assert "openvino_telemetry" not in loaded_after(code, {**environment, **told})
    # They name the machine in a file of their own, to know it again.
    assert not list(home.iterdir())


@pytest.mark.skipif(not ENGINES["openvino"].installed, reason="needs the engine openvino")
def test_openvino_is_whole_to_who_asks_for_its_converter():
    code = """
from deblurgan.engines.unreported import import_openvino
openvino = import_openvino()
assert not hasattr(openvino, "converter")
assert callable(openvino.convert_model)"""
    assert "openvino.tools.ovc" in loaded_after(code, {**os.environ, "CI": "true"})
