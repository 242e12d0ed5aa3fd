"""What must not be loaded is not loaded."""

import subprocess
import sys

import pytest

import deblurgan

HEAVY = ("torch", "openvino", "onnxruntime", "pyvips", "numpy", "PIL", "av", "cv2")


def loaded_after(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
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
