"""A file is at its place whole or not at all."""

import os
from pathlib import Path

import pytest

from deblurgan.errors import UnwritableTarget
from deblurgan.whole import whole_file, whole_folder, write_whole


@pytest.mark.parametrize("nameless", [True, False], ids=["without a name first", "beside"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_contents_at_hand_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool, overwrite: bool
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    path = tmp_path / "folder" / "a.png"
    write_whole(path, b"first", overwrite=overwrite)
    if overwrite:
        write_whole(path, b"second", overwrite=True)
    with pytest.raises(UnwritableTarget, match="exists already"):
        write_whole(path, b"third")
    assert path.read_bytes() == (b"second" if overwrite else b"first")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_kill_while_contents_are_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(list(tmp_path.iterdir())))
    write_whole(tmp_path / "a.png", b"contents")
    assert seen == [[]]


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


def test_a_folder_appears_with_all_of_its_files(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "models" / "new", last="list") as place:
        for name in ("list", "a"):
            (place / name).write_text(name)
        assert not (tmp_path / "models" / "new").exists()
    assert sorted(path.name for path in (tmp_path / "models" / "new").iterdir()) == ["a", "list"]
    assert len(list((tmp_path / "models").iterdir())) == 1


def test_a_folder_that_exists_keeps_its_other_files_and_gets_the_last_one_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "card").write_text("old")
    (tmp_path / "list").write_text("old")
    moved: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: [moved.append(Path(b).name), replace(a, b)])
    with whole_folder(tmp_path, last="list") as place:
        for name in ("a", "list", "z"):
            (place / name).write_text(name)
        assert (tmp_path / "list").read_text() == "old"
    assert (moved[-1], sorted(moved)) == ("list", ["a", "list", "z"])
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        **{name: name for name in ("a", "list", "z")},
        "card": "old",
    }


@pytest.mark.parametrize("there", [True, False])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "model"
    if there:
        write_whole(folder / "list", b"old")
    with pytest.raises(ZeroDivisionError), whole_folder(folder, last="list") as place:
        (place / "list").write_text(f"{(place / 'a').write_text('new')} of a list{1 // 0}")
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["old"] * there
    assert list(tmp_path.iterdir()) == [folder] * there


def test_a_file_is_no_folder_to_write(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(UnwritableTarget, match="a is a file"), whole_folder(tmp_path / "a", last="list"):
        pass
    assert (tmp_path / "a").read_text() == "mine"
