"""A file is at its place whole or not at all."""

import os
from pathlib import Path

import pytest

from deblurgan.errors import UnwritableTarget
from deblurgan.whole import whole_file


def test_who_comes_second_does_not_win(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    second = whole_file(path)
    second.__enter__().write_text("second")
    path.write_text("first")
    with pytest.raises(UnwritableTarget, match="exists already"):
        second.__exit__(None, None, None)
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_without_hard_links_the_name_is_claimed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    for name in ("a", "b"):
        with whole_file(tmp_path / name) as part:
            part.write_text(name)
    with pytest.raises(UnwritableTarget, match="exists already"), whole_file(tmp_path / "c"):
        (tmp_path / "c").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    assert (tmp_path / "a").read_text() == "a"


def test_a_failure_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(path, overwrite=True) as part:
        part.write_text(f"half of the ne{1 // 0}")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with whole_file(tmp_path / "link.txt", overwrite=True) as part:
        part.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
