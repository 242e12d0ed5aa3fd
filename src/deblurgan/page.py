"""An evaluation as one self-contained web page: sortable figures, and pictures to compare with a slider."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from importlib import resources
from string import Template

from deblurgan.evaluation import INPUT, Evaluation
from deblurgan.image import Image, Pixels, write
from deblurgan.metrics import METRICS

SHOWN = 3
SHARP = "sharp"


def as_html(evaluation: Evaluation, pictures: Mapping[tuple[str, str], bytes]) -> str:
    """The page.

    Args:
        evaluation: with at least one model.
        pictures: JPEG files by (image, version), where a version is a model, 'input' or 'sharp'; images
            without any are left out of the comparisons.
    """
    metrics = list(dict.fromkeys(row.metric for row in evaluation.rows))
    template = Template(resources.files("deblurgan").joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        definitions="; ".join(f"{html.escape(name)}: {html.escape(METRICS[name].definition)}" for name in metrics),
        means=_means(evaluation, metrics),
        rows=_rows(evaluation, metrics),
        comparisons="\n".join(
            _comparison(name, pictures) for name in _worst_and_best(evaluation, metrics[0], pictures)
        ),
    )


def as_jpeg(pixels: Pixels) -> bytes:
    """A picture, float32 [H, W, 3] in [0, 1], small enough to be put into a page."""
    file = io.BytesIO()
    write(Image(pixels=pixels), file, format="jpg", quality=88)
    return file.getvalue()


def _means(evaluation: Evaluation, metrics: list[str]) -> str:
    lines = []
    for dataset in evaluation.datasets:
        for model in evaluation.models:
            figures = [f"{evaluation.mean(model, name, dataset):.{METRICS[name].digits}f}" for name in metrics]
            lines.append(_line([dataset, model, *figures]))
    return _table(["data", "model", *metrics], lines)


def _rows(evaluation: Evaluation, metrics: list[str]) -> str:
    values = {(row.image, row.model, row.metric): row for row in evaluation.rows}
    lines = []
    for image in dict.fromkeys(row.image for row in evaluation.rows):
        for model in evaluation.models:
            found = [values[image, model, name] for name in metrics]
            figures = [f"{row.value:.{METRICS[row.metric].digits}f}" for row in found]
            lines.append(_line([image, model, *figures, f"{found[0].seconds:.2f}"]))
    return _table(["picture", "model", *metrics, "seconds"], lines)


def _worst_and_best(evaluation: Evaluation, metric: str, pictures: Mapping[tuple[str, str], bytes]) -> list[str]:
    """Images of the first model with the least and the greatest gains, in this order."""
    model = next(name for name in evaluation.models if name != INPUT)
    images = list(dict.fromkeys(row.image for row in evaluation.rows))
    ranked = sorted(zip(evaluation.gains(model, metric), images, strict=True))
    available = [image for _, image in ranked if (image, INPUT) in pictures]
    return available if len(available) <= 2 * SHOWN else available[:SHOWN] + available[-SHOWN:]


def _comparison(image: str, pictures: Mapping[tuple[str, str], bytes]) -> str:
    versions = [version for name, version in pictures if name == image]
    sources = "".join(
        f'<img data-version="{html.escape(version)}" alt="{html.escape(f"{image}, {version}")}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(pictures[image, version]).decode()}">'
        for version in versions
    )
    return f'<figure class="comparison"><figcaption>{html.escape(image)}</figcaption><div>{sources}</div></figure>'


def _table(columns: list[str], lines: list[str]) -> str:
    head = "".join(f'<th scope="col"><button>{html.escape(column)}</button></th>' for column in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _line(cells: list[str]) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
