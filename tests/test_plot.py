"""Models are plotted by cost and quality, as SVG and as PNG."""

import xml.etree.ElementTree as ElementTree

import PIL.Image
import pytest

from deblurgan import plot
from deblurgan.errors import UnwritableTarget
from deblurgan.evaluation import Evaluation, ModelFacts, Row
from deblurgan.protocols import PROTOCOLS


@pytest.fixture
def evaluation():
    rows = [Row("one", "set", "set", model, "psnr", value) for model, value in (("a", 25.0), ("b", 27.0))]
    facts = {"a": ModelFacts("", macs_per_pixel=5e3), "b": ModelFacts("", macs_per_pixel=8e4), "c": ModelFacts("")}
    return Evaluation(tuple(rows), facts)


def circles(svg):
    return [
        (float(each.get("cx")), float(each.get("cy")))
        for each in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}circle")
    ]


def test_dearer_is_further_right_and_better_is_higher(evaluation):
    points = plot.points(evaluation, "psnr", "gmacs")
    (cheap_x, low_y), (dear_x, high_y) = circles(plot.as_svg(points, "psnr", "gmacs"))
    assert cheap_x < dear_x
    # In an SVG the vertical axis points down.
    assert high_y < low_y


def test_published_models_are_marked(evaluation):
    points = plot.points(evaluation, "psnr", "gmacs", PROTOCOLS["gopro"])
    svg = plot.as_svg(points, "psnr", "gmacs")
    assert len(circles(svg)) == 2 + 3
    assert "DeblurGAN-v2 MobileNet (published)" in svg


def test_published_costs_are_for_the_frame_that_the_axis_names(evaluation):
    costs = {point.name: point.cost for point in plot.points(evaluation, "psnr", "gmacs", PROTOCOLS["gopro"])}
    assert "1280x720" in plot.COSTS["gmacs"]
    assert costs["DeblurGAN-v2 MobileNet"] == pytest.approx(38.09, abs=0.005)


def test_a_plot_is_written_as_svg_or_png(evaluation, tmp_path):
    svg = plot.as_svg(plot.points(evaluation, "psnr", "gmacs"), "psnr", "gmacs")
    for name in ("plot.svg", "plot.png"):
        plot.write(svg, tmp_path / name)
    assert (tmp_path / "plot.svg").read_text("utf-8") == svg
    with PIL.Image.open(tmp_path / "plot.png") as picture:
        assert picture.size == (1520, 960)
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_nothing_to_plot_and_other_kinds_of_file_are_refused(evaluation, tmp_path):
    with pytest.raises(UnwritableTarget, match="Nothing to plot"):
        plot.as_svg(plot.points(evaluation, "psnr", "seconds"), "psnr", "seconds")
    with pytest.raises(UnwritableTarget, match=r"end it in \.svg or \.png"):
        plot.write("<svg/>", tmp_path / "plot.pdf")
