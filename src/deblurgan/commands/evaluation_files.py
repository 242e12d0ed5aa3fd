"""The files that `deblurgan evaluate` writes, and why some are refused before anything is measured."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deblurgan import page, plot, report
from deblurgan.errors import DeblurganError, UnwritableTarget
from deblurgan.evaluation import INPUT, SHARP, Contestant, Evaluation, PictureFolder
from deblurgan.evaluation.contestants import Pixels, read_pixels
from deblurgan.image import Image, write
from deblurgan.pairs import Pair
from deblurgan.protocols import Protocol
from deblurgan.samples import to_float
from deblurgan.whole import whole_file


@dataclass(frozen=True)
class Targets:
    """Files to write, as far as they were asked for.

    Attributes:
        json: for every figure.
        html: for the page.
        plots: for quality against cost.
        cost: key of `plot.COSTS`, in plots.
        pictures: folder for what models restore, one below it for each.
        overwrite: files that are there are replaced.
    """

    json: Path | None
    html: Path | None
    plots: tuple[Path, ...]
    cost: str
    pictures: Path | None
    overwrite: bool

    @property
    def reports(self) -> list[Path]:
        """Those of one file each."""
        return [path for path in (self.json, self.html, *self.plots) if path]


def refuse_early(
    targets: Targets, pairs: Sequence[Pair], contestants: Mapping[str, Contestant], *, going_on: bool
) -> None:
    """What can be known before anything is measured.

    Args:
        targets: to write.
        pairs: to measure on.
        contestants: by name.
        going_on: an earlier attempt was stopped, whose restored pictures are this one's.

    Raises:
        UnwritableTarget: a plot has another suffix, a file would be written twice or is there and not to be
            replaced, or a restored picture would overwrite one that is measured on.
    """
    for target in targets.plots:
        plot.check_suffix(target)
    refuse_existing(targets.reports, overwrite=targets.overwrite)
    if targets.pictures is None:
        return
    reports = {path.resolve() for path in targets.reports}
    measured_on = {path.resolve() for pair in pairs for path in (pair.blurred, pair.sharp, *pair.more_sharp)}
    for name in _restoring(contestants):
        for pair in pairs:
            if (target := _picture(targets.pictures, name, pair)).resolve() in measured_on:
                raise UnwritableTarget(
                    f"{target} is measured on and would be overwritten; give --save another folder."
                )
            if target.resolve() in reports:
                raise UnwritableTarget(f"{target} would be a report and a picture; give --save another folder.")
            if not (going_on or targets.overwrite) and target.exists():
                raise UnwritableTarget(f"{target} exists already; add --overwrite or give --save another folder.")


def refuse_existing(reports: Sequence[Path], *, overwrite: bool) -> None:
    """Whether reports can be written, each to a file of its own.

    Raises:
        UnwritableTarget: two are one file, or one is there and not to be replaced.
    """
    for place, target in enumerate(reports):
        if target.resolve() in (other.resolve() for other in reports[:place]):
            raise UnwritableTarget(f"{target} would be written twice; name a file for each report.")
        if not overwrite and target.exists():
            raise UnwritableTarget(f"{target} exists already; add --overwrite or name another file.")


def keep_picture(
    targets: Targets, contestants: Mapping[str, Contestant], pair: Pair, model: str, pixels: Pixels
) -> None:
    """Write what a model made of a pair's blurred picture; what was given as pictures is there already."""
    if targets.pictures and model in _restoring(contestants):
        write(Image(pixels=to_float(pixels)), _picture(targets.pictures, model, pair), overwrite=True)


def write_report(
    targets: Targets,
    evaluation: Evaluation,
    protocol: Protocol | None,
    pairs: Sequence[Pair],
    contestants: Mapping[str, Contestant],
) -> None:
    """Write figures, plots and page.

    Raises:
        UnwritableTarget: there is nothing to plot, or the system refuses a file.
    """
    metric = evaluation.metrics[0]
    points = plot.points(evaluation, metric, targets.cost, protocol)
    if targets.json:
        with whole_file(targets.json, overwrite=targets.overwrite) as file:
            file.write_text(report.as_json(evaluation, protocol), "utf-8")
    for target in targets.plots:
        plot.write(plot.as_svg(points, metric, targets.cost), target, overwrite=targets.overwrite)
    if targets.html:
        pictures = _to_compare(page.to_show(evaluation), pairs, contestants)
        svg = plot.as_svg(points, metric, targets.cost) if len(points) > 1 else ""
        with whole_file(targets.html, overwrite=targets.overwrite) as file:
            file.write_text(page.as_html(evaluation, pictures, protocol, svg), "utf-8")


def _restoring(contestants: Mapping[str, Contestant]) -> list[str]:
    return [name for name, each in contestants.items() if not isinstance(each, PictureFolder)]


def _picture(folder: Path, model: str, pair: Pair) -> Path:
    return folder / model / f"{pair.name}.png"


def _to_compare(
    images: Sequence[str], pairs: Sequence[Pair], contestants: Mapping[str, Contestant]
) -> dict[tuple[str, str], bytes]:
    """The chosen pictures in all versions, made once more: keeping all of them would fill the memory."""
    found = {}
    for pair in pairs:
        if pair.name in images:
            blurred = read_pixels(pair.blurred)
            found[pair.name, INPUT] = page.as_jpeg(blurred)
            for name, contestant in contestants.items():
                with contextlib.suppress(DeblurganError, ValueError, MemoryError):
                    found[pair.name, name] = page.as_jpeg(contestant.attempt(pair, blurred).pixels)
            found[pair.name, SHARP] = page.as_jpeg(read_pixels(pair.sharp))
    return found
