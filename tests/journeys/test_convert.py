"""`deblurgan convert` as its users call it."""

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("safetensors")

from deblurgan import cli, networks  # noqa: E402
from deblurgan.errors import BrokenModel, UnwritableTarget  # noqa: E402


def convert(*arguments):
    """What the command prints; its errors are raised."""
    result = CliRunner().invoke(
        cli.program, ["convert", *[str(argument) for argument in arguments]], standalone_mode=False
    )
    if result.exception:
        raise result.exception
    return result.output


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """A file as the official code leaves it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("official") / "fpn_mobilenet.h5"
    networks.save_official(networks.build("fpn_mobilenet"), path)
    return path


def test_official_weights_become_safetensors_and_official_again(official, tmp_path):
    ours, back = tmp_path / "ours.safetensors", tmp_path / "back.pth"
    assert convert(official, "-o", ours).strip() == str(ours)
    convert(ours, "-o", back)
    first, second = networks.read_official(official), networks.read_official(back)
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_existing_file_is_replaced_only_if_asked(official, tmp_path):
    ours = tmp_path / "ours.safetensors"
    ours.write_bytes(b"mine")
    with pytest.raises(UnwritableTarget, match="exists"):
        convert(official, "-o", ours)
    assert ours.read_bytes() == b"mine"
    convert(official, "-o", ours, "--overwrite")
    assert networks.load(ours).architecture == "fpn_mobilenet"


def test_an_ending_without_a_format_and_a_file_without_weights_are_refused(official, tmp_path):
    with pytest.raises(UnwritableTarget, match="no known format"):
        convert(official, "-o", tmp_path / "weights.txt")
    for content in (b"\xff\xd8 not weights", b"root:x:0:0:root:/root:/bin/bash\n", b"(lp0\n.", b"]q\x00K"):
        (tmp_path / "photo.h5").write_bytes(content)
        with pytest.raises(BrokenModel, match=r"photo\.h5"):
            convert(tmp_path / "photo.h5", "-o", tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()
