"""A checkpoint travels in small parts and arrives whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deblurgan.errors import TrainingFailed
from deblurgan.training.parcels import join, split


@given(st.binary(max_size=200), st.integers(1, 60))
def test_what_is_split_is_joined_again(tmp_path_factory, content, largest):
    folder = tmp_path_factory.mktemp("parcels")
    (folder / "last.pt").write_bytes(content)
    parts = split(folder / "last.pt", folder / "parts", largest)
    assert all(0 < part.stat().st_size <= largest for part in parts)
    assert join(folder / "parts", folder / "back.pt")
    assert (folder / "back.pt").read_bytes() == content


def test_a_shorter_file_leaves_no_part_of_the_longer_one(tmp_path):
    for content in (b"long content", b"short"):
        (tmp_path / "last.pt").write_bytes(content)
        split(tmp_path / "last.pt", tmp_path / "parts", 3)
    assert len(list((tmp_path / "parts").glob("last.pt.*"))) == 2


def test_an_empty_folder_holds_nothing_to_join(tmp_path):
    assert not join(tmp_path, tmp_path / "back.pt")
    assert not (tmp_path / "back.pt").exists()


def test_parts_that_are_missing_or_altered_are_refused(tmp_path):
    (tmp_path / "last.pt").write_bytes(b"content")
    first, second, _ = split(tmp_path / "last.pt", tmp_path / "parts", 3)
    first.write_bytes(b"COn")
    with pytest.raises(TrainingFailed, match="not of one file"):
        join(tmp_path / "parts", tmp_path / "back.pt")
    second.unlink()
    with pytest.raises(TrainingFailed, match=r"last\.pt\.001"):
        join(tmp_path / "parts", tmp_path / "back.pt")
