"""Quality against cost, as in the paper's Figure 1: one point per model, SVG and PNG."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from pathlib import Path

from deblurgan.errors import UnwritableTarget
from deblurgan.evaluation import Evaluation
from deblurgan.metrics import METRICS
from deblurgan.protocols import COUNTED_FRAME, Protocol
from deblurgan.report import FRAME, gmacs
from deblurgan.whole import whole_file

COSTS = {"gmacs": f"GMACs for a frame of {FRAME[1]}x{FRAME[0]}", "seconds": "seconds per picture"}
"""What a model may cost, and how its axis is named."""

_WIDTH, _HEIGHT = 760, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 190, 30, 60
_MEASURED, _PUBLISHED = "#0b6e4f", "#9a5b13"


@dataclass(frozen=True)
class Point:
    """A model.

    Attributes:
        name: beside the point.
        cost: above 0, along the logarithmic axis.
        quality: upwards; downwards where less is better.
        published: printed by somebody else, not measured here.
    """

    name: str
    cost: float
    quality: float
    published: bool = False


def points(evaluation: Evaluation, metric: str, cost: str, protocol: Protocol | None = None) -> list[Point]:
    """Models whose quality and cost are both known; of published ones those that print their cost.

    Args:
        evaluation: measured here.
        metric: key of `METRICS`.
        cost: key of `COSTS`. Published seconds are of other machines and therefore left out.
        protocol: whose published rows belong to it; their PSNR alone compares with what is measured.
    """
    found = []
    for model, facts in evaluation.facts.items():
        spent = gmacs(facts) if cost == "gmacs" else evaluation.seconds(model)
        quality = evaluation.mean(model, metric)
        if spent and math.isfinite(quality):
            found.append(Point(model, spent, quality))
    if protocol and cost == "gmacs" and "psnr" in metric:
        smaller = math.prod(FRAME) / math.prod(COUNTED_FRAME)
        found += [
            Point(row.model, row.gmacs * smaller, row.psnr, published=True)
            for row in protocol.published
            if row.gmacs
        ]
    return found


def as_svg(shown: list[Point], metric: str, cost: str) -> str:
    """The plot, without anything to fetch.

    Raises:
        UnwritableTarget: there is no point to show.
    """
    if not shown:
        raise UnwritableTarget(f"Nothing to plot: no model has both {metric} and a known cost in {cost}.")
    low, high = _widened(math.log10(min(p.cost for p in shown)), math.log10(max(p.cost for p in shown)), 0.3)
    least, most = _widened(min(p.quality for p in shown), max(p.quality for p in shown), _step(metric))
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def across(value: float) -> float:
        return _LEFT + (math.log10(value) - low) / (high - low) * (right - _LEFT)

    def up(value: float) -> float:
        share = (value - least) / (most - least)
        return bottom - (share if METRICS[metric].higher_is_better else 1 - share) * (bottom - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" font-family="sans-serif" font-size="13" role="img" '
        f'aria-label="{html.escape(metric)} against {html.escape(COSTS[cost])}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#444"/>',
    ]
    for tick in _decades(low, high):
        parts.append(f'<path d="M{across(tick):.1f} {_TOP}V{bottom}" stroke="#ddd"/>')
        parts.append(_text(across(tick), bottom + 20, f"{tick:g}", anchor="middle"))
    for tick in _round_values(least, most):
        parts.append(f'<path d="M{_LEFT} {up(tick):.1f}H{right}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, up(tick) + 4, f"{tick:g}", anchor="end"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 15, COSTS[cost], anchor="middle"))
    parts.append(_text(_LEFT, _TOP - 12, metric, anchor="middle"))
    labels = []
    for point, label in zip(shown, _apart([up(point.quality) for point in shown]), strict=True):
        x, y = across(point.cost), up(point.quality)
        colour = _PUBLISHED if point.published else _MEASURED
        fill = "#fff" if point.published else colour
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
        name = f"{point.name} (published)" if point.published else point.name
        labels.append(_text(x + 10, label + 4, name, fill=colour))
    # Names over all points, each with a rim of the background, so that no point hides one.
    parts += ['<g stroke="#fff" stroke-width="4" paint-order="stroke">', *labels, "</g>"]
    return "".join(parts) + "</svg>\n"


def check_suffix(target: Path) -> None:
    """Whether a plot can be written under this name.

    Raises:
        UnwritableTarget: the suffix is neither .svg nor .png.
    """
    if target.suffix.lower() not in (".svg", ".png"):
        raise UnwritableTarget(f"{target} is no plot's name; end it in .svg or .png.")


def write(svg: str, target: Path, *, overwrite: bool = False) -> None:
    """Write the plot as its file's suffix says, whole or not at all.

    Raises:
        UnwritableTarget: the suffix is neither .svg nor .png, the file exists (and `overwrite` is false), or the
            system refuses it.
    """
    check_suffix(target)
    with whole_file(target, overwrite=overwrite) as part:
        if target.suffix.lower() == ".svg":
            part.write_text(svg, "utf-8")
            return
        import pyvips

        pyvips.Image.svgload_buffer(svg.encode(), scale=2).flatten(background=255).pngsave(str(part))


def _widened(low: float, high: float, least: float) -> tuple[float, float]:
    """A range with some room at both ends, no narrower than `least` to each side of its middle."""
    middle, half = (low + high) / 2, max((high - low) / 2 * 1.2, least)
    return middle - half, middle + half


def _step(metric: str) -> float:
    return 0.5 if METRICS[metric].digits <= 2 else 0.01


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every power of ten between two logarithms."""
    powers = range(math.floor(low) - 1, math.ceil(high) + 1)
    ticks = [first * 10.0**power for power in powers for first in (1, 2, 5)]
    return [tick for tick in ticks if low <= math.log10(tick) <= high]


def _round_values(low: float, high: float) -> list[float]:
    """About five round numbers between two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(first * power for first in (1, 2, 5, 10) if first * power >= rough)
    count = math.floor((high - low) / step) + 2
    ticks = [round((math.ceil(low / step) + index) * step, 10) for index in range(count)]
    return [tick for tick in ticks if low <= tick <= high]


def _apart(heights: list[float], distance: float = 16) -> list[float]:
    """The same heights, those of neighbours pushed down until they are apart, so that names can be read."""
    placed = list(heights)
    last = -math.inf
    for index in sorted(range(len(heights)), key=heights.__getitem__):
        placed[index] = last = max(heights[index], last + distance)
    return placed


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{html.escape(text)}</text>'
