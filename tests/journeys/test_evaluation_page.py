"""The page of an evaluation sorts and slides in a real browser, without a network."""

import numpy as np
import pytest

from conftest import IDENTITY, IdentityEngine
from deblurgan import page as pages
from deblurgan.evaluation import INPUT, SHARP, evaluate
from deblurgan.image import Image, write
from deblurgan.pairs import find_pairs
from deblurgan.restore import Restorer


@pytest.fixture
def report(tmp_path, scene):
    """A page about three pictures that are blurred more and more."""
    sharp = scene.astype(np.float32) / 255
    for shift in (1, 2, 3):
        write(Image(pixels=np.roll(sharp, shift, axis=1)), tmp_path / f"p{shift}_blur.png")
        write(Image(pixels=sharp), tmp_path / f"p{shift}_sharp.png")
    pictures = {}

    def keep(pair, model, pixels):
        pictures[pair.name, model] = pages.as_jpeg(pixels)
        pictures[pair.name, SHARP] = pages.as_jpeg(scene)

    evaluation = evaluate(find_pairs(tmp_path), {"same": Restorer(IDENTITY, IdentityEngine())}, keep=keep)
    path = tmp_path / "report.html"
    path.write_text(pages.as_html(evaluation, pictures), "utf-8")
    return path


def test_a_click_on_a_head_sorts_by_it_and_another_turns_it_round(report, open_page):
    page = open_page(report)
    table = page.locator("table").last
    head = table.get_by_role("button", name="psnr")

    def column():
        return [float(text) for text in table.locator("tbody td:nth-child(5)").all_inner_texts()]

    head.click()
    rising = column()
    head.click()
    assert len(set(rising)) == 3
    assert rising == sorted(rising)
    assert column() == rising[::-1]


def test_the_slider_uncovers_the_other_picture(report, open_page):
    page = open_page(report)
    figure = page.locator(".comparison").first
    slider, left = figure.get_by_role("slider"), figure.locator("img").first
    assert left.get_attribute("data-version") == INPUT
    assert left.evaluate("image => image.naturalWidth") == 128
    slider.focus()
    for key, hidden in (("Home", "100%"), ("End", "0%")):
        slider.press(key)
        assert left.evaluate("image => image.style.clipPath").split()[1] == hidden


def test_any_two_versions_can_be_compared(report, open_page):
    figure = open_page(report).locator(".comparison").first
    figure.get_by_label("left picture", exact=True).select_option("same")
    figure.get_by_label("right picture", exact=True).select_option("sharp")
    shown = figure.locator("img").evaluate_all(
        "images => images.filter(each => each.style.visibility === 'visible').map(each => each.dataset.version)"
    )
    assert set(shown) == {"same", "sharp"}
