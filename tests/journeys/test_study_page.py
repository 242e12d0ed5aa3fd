"""A study is voted on with the keyboard, survives a reload, and exports what `study score` reads."""

import json

import pytest

from deblurgan.page import as_jpeg
from deblurgan.study import as_page, fit, read_votes


@pytest.fixture
def page(tmp_path, scene, open_page):
    versions = {"input": as_jpeg(scene // 2), "ours": as_jpeg(scene), "theirs": as_jpeg(scene // 3)}
    path = tmp_path / "study.html"
    path.write_text(as_page({"one": versions, "two": versions}, "A study"), "utf-8")
    assert "theirs" not in path.read_text("utf-8")
    return open_page(path)


def begin(page):
    page.get_by_label("Your name").fill("Ada L.")
    page.get_by_role("button", name="Begin").click()


def progress(page):
    return page.get_by_role("status").inner_text()


def export(page, folder):
    with page.expect_download() as download:
        page.get_by_role("button", name="Export votes").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def brighter(page):
    """The arrow that points to the brighter picture, as a rater who likes light would press."""
    light = page.locator("#question img").evaluate_all("""images => Promise.all(images.map(async image => {
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), { width: 128, height: 96 });
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, 128, 96).data.reduce((sum, value) => sum + value, 0);
    }))""")
    return "ArrowLeft" if light[0] > light[1] else "ArrowRight"


def test_votes_by_keyboard_are_exported_and_scored(page, tmp_path):
    begin(page)
    for number in range(6):
        assert progress(page) == f"{number + 1} of 6"
        page.keyboard.press(brighter(page))
    assert page.get_by_text("Thank you").is_visible()
    votes = read_votes([export(page, tmp_path)])
    assert len(votes) == 6
    assert [strength.model for strength in fit(votes, "input")] == ["ours", "input", "theirs"]


def test_raters_of_one_name_are_told_apart(page, tmp_path):
    files = []
    for number in range(2):
        begin(page)
        page.keyboard.press("ArrowLeft")
        files.append(export(page, tmp_path).rename(tmp_path / f"votes-{number}.json"))
        page.evaluate("localStorage.clear()")
        page.reload()
    votes = read_votes(files)
    assert [vote.rater for vote in votes] == ["Ada L.", "Ada L."]
    assert len({vote.rater_id for vote in votes}) == 2


def test_a_vote_can_be_taken_back_and_the_rest_survives_a_reload(page, tmp_path):
    begin(page)
    for key in ("ArrowLeft", "ArrowDown", "ArrowRight", "Backspace"):
        page.keyboard.press(key)
    page.reload()
    assert progress(page) == "3 of 6"
    path = export(page, tmp_path)
    assert path.name == "votes-Ada-L-.json"
    assert [vote["choice"] for vote in json.loads(path.read_text("utf-8"))["votes"]] == ["left", "equal"]


def test_nothing_on_the_screen_says_which_version_is_which(page):
    begin(page)
    text = page.locator("body").inner_text()
    assert "ours" not in text
    assert "input" not in text
    assert page.locator("#question img").evaluate_all(
        "images => images.every(image => image.src.startsWith('data:'))"
    )
