"""An evaluation as one self-contained web page: sortable figures, and pictures to compare with a slider."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from importlib import resources
from string import Template

import PIL.Image

from deblurgan.evaluation import INPUT, Evaluation
from deblurgan.evaluation.contestants import Pixels
from deblurgan.metrics import METRICS
from deblurgan.protocols import Protocol
from deblurgan.report import Table, beside_published, by_sequence, costs, figure, means, sentences

SHOWN = 3
# Pictures that would make the page larger are left out, so that it can be sent by mail.
_MOST_BYTES = 9_000_000
_LONGEST_SIDE, _QUALITY = 1600, 88


def as_html(
    evaluation: Evaluation,
    pictures: Mapping[tuple[str, str], bytes],
    protocol: Protocol | None = None,
    plot: str = "",
) -> str:
    """The page.

    Args:
        evaluation: to show.
        pictures: JPEG files by (image, version), where a version is a model, 'input' or 'sharp'; images
            without any are left out of the comparisons, and so are those that would make the page too large.
        protocol: whose published rows stand beside the measured ones.
        plot: SVG to show; none if empty.
    """
    tables = [means(evaluation), by_sequence(evaluation), costs(evaluation)]
    if protocol:
        tables.append(beside_published(evaluation, protocol))
    template = Template(resources.files("deblurgan").joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        tables="\n".join(_table(table) for table in tables if table.lines),
        sentences="\n".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(evaluation, protocol)),
        plot=f"<h2>Quality and cost</h2><figure>{plot}</figure>" if plot else "",
        comparisons="\n".join(_comparison(name, pictures) for name in _that_fit(to_show(evaluation), pictures)),
        rows=_table(_every_figure(evaluation)),
    )


def to_show(evaluation: Evaluation) -> list[str]:
    """Pictures with the least, then with the greatest gains of the first model, in the first metric."""
    metric = evaluation.metrics[0]
    images = evaluation.images(metric)
    model = next((name for name in evaluation.models if evaluation.values(name, metric) and name != INPUT), None)
    if model is None:
        return images[: 2 * SHOWN]
    ranked = [image for _, image in sorted(zip(evaluation.gains(model, metric), images, strict=True))]
    return ranked if len(ranked) <= 2 * SHOWN else ranked[:SHOWN] + ranked[-SHOWN:]


def as_jpeg(pixels: Pixels) -> bytes:
    """A picture, uint8 [H, W, 3], small enough to be put into a page."""
    picture = PIL.Image.fromarray(pixels)
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _that_fit(images: list[str], pictures: Mapping[tuple[str, str], bytes]) -> list[str]:
    """Those of which there are pictures, from both ends of the list as long as the page stays small."""
    sizes = {name: sum(len(data) for (image, _), data in pictures.items() if image == name) for name in images}
    from_ends = [images[-1 - place // 2] if place % 2 else images[place // 2] for place in range(len(images))]
    kept, room = set(), _MOST_BYTES
    for name in from_ends:
        # Base64 makes four letters of three bytes.
        room -= sizes[name] * 4 // 3
        if sizes[name] and room >= 0:
            kept.add(name)
    return [name for name in images if name in kept]


def _every_figure(evaluation: Evaluation) -> Table:
    values = {(row.picture, row.model, row.metric): row for row in evaluation.rows}
    lines = []
    for picture in dict.fromkeys(row.picture for row in evaluation.rows):
        for model in evaluation.models:
            found = [values[picture, model, key] for key in evaluation.metrics]
            first = found[0]
            figures = [figure(row.value, row.metric) if row.value is not None else "-" for row in found]
            seconds = f"{first.seconds:.3f}" if first.seconds is not None else "-"
            problem = "; ".join(dict.fromkeys(row.problem for row in found if row.problem))
            lines.append((first.dataset, first.sequence, first.image, model, *figures, seconds, problem))
    columns = ("data", "sequence", "picture", "model", *evaluation.metrics, "seconds", "problem")
    if not any(line[-1] for line in lines):
        columns, lines = columns[:-1], [line[:-1] for line in lines]
    return Table("", columns, tuple(lines))


def _comparison(image: str, pictures: Mapping[tuple[str, str], bytes]) -> str:
    versions = [version for name, version in pictures if name == image]
    sources = "".join(
        f'<img data-version="{html.escape(version)}" alt="{html.escape(f"{image}, {version}")}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(pictures[image, version]).decode()}">'
        for version in versions
    )
    return f'<figure class="comparison"><figcaption>{html.escape(image)}</figcaption><div>{sources}</div></figure>'


def _table(table: Table) -> str:
    title = f"<h2>{html.escape(table.title)}</h2>" if table.title else ""
    head = "".join(
        f'<th scope="col"><button title="{html.escape(_definition(column))}">{html.escape(column)}</button></th>'
        for column in table.columns
    )
    body = "".join(_line(line) for line in table.lines)
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _definition(column: str) -> str:
    return METRICS[column].definition if column in METRICS else "sort by this column"


def _line(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
