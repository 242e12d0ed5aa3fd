"""`deblurgan evaluate`: measure models on pairs, the untouched input included."""

from __future__ import annotations

import contextlib
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from deblurgan import __version__, catalogue, page, plot, report
from deblurgan.commands.clip_stability import report_stability
from deblurgan.commands.contestants import open_contestants
from deblurgan.commands.options import (
    engine_option,
    guard_option,
    precision_option,
    quiet_option,
    self_ensemble_option,
    threads_option,
)
from deblurgan.errors import DeblurganError, MissingExtra
from deblurgan.evaluation import (
    INPUT,
    SHARP,
    Contestant,
    Environment,
    Evaluation,
    Journal,
    PictureFolder,
    RestoringModel,
)
from deblurgan.evaluation import evaluate as evaluate_pairs
from deblurgan.evaluation.contestants import Pixels, read_pixels
from deblurgan.evaluation.journal import fingerprint
from deblurgan.image import Image, write
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import LAYOUTS, Pair, Survey, describe_lonely, survey
from deblurgan.protocols import PROTOCOLS, Protocol
from deblurgan.restore import RestoreOptions, Restorer
from deblurgan.samples import to_float
from deblurgan.whole import whole_file


@dataclass(frozen=True)
class _Targets:
    """Files to write, as far as they were asked for."""

    json: Path | None
    html: Path | None
    plots: tuple[Path, ...]
    pictures: Path | None


@click.command()
@click.argument("pairs", metavar="PAIRS")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="NAME_OR_PATH",
    help="A model, a checkpoint, an ONNX file with its manifest, or a folder of pictures that another program "
    "made of the blurred ones. May be given several times.",
)
@click.option("--layout", default="auto", type=click.Choice(["auto", *LAYOUTS]), show_default=True)
@click.option(
    "--protocol",
    "protocol_name",
    type=click.Choice(list(PROTOCOLS)),
    help="Measure as a published test set is measured, and print what was published beside it.",
)
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=click.Choice(list(METRICS)),
    help=f"May be given several times; {' and '.join(DEFAULT_METRICS)}, or the protocol's, if not given.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every figure here."
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with figures and pictures to this file.",
)
@click.option(
    "--plot",
    "plots",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write quality against cost to this .svg or .png file. May be given several times.",
)
@click.option(
    "--cost", type=click.Choice(list(plot.COSTS)), default="gmacs", show_default=True, help="In the plot."
)
@click.option(
    "--save", type=click.Path(file_okay=False, path_type=Path), help="Write the restored pictures to this folder."
)
@click.option(
    "--video", is_flag=True, help="PAIRS is a clip, or a folder of its numbered frames: report temporal stability."
)
@click.option(
    "--sharp", type=click.Path(exists=True, path_type=Path), help="With --video: the same frames, only sharp."
)
@click.option("--steady", is_flag=True, help="With --video: as `deblurgan run --steady` restores.")
@engine_option
@precision_option
@guard_option
@self_ensemble_option
@threads_option
@quiet_option
def evaluate(
    pairs: str,
    models: tuple[str, ...],
    layout: str,
    protocol_name: str | None,
    metrics: tuple[str, ...],
    json_file: Path | None,
    html_file: Path | None,
    plots: tuple[Path, ...],
    cost: str,
    save: Path | None,
    video: bool,
    sharp: Path | None,
    steady: bool,
    engine: str,
    precision: str,
    guard: bool,
    self_ensemble: bool,
    threads: int | None,
    quiet: bool,
) -> int:
    """Measure models on PAIRS, a folder of blurred and sharp pictures, beside the untouched input.

    What was measured when the program was stopped is not measured again by the same command.
    """
    options = RestoreOptions(guard=guard, self_ensemble=self_ensemble)
    if video:
        with contextlib.ExitStack() as stack:
            opened = open_contestants(
                stack, models, (), engine=engine, precision=precision, threads=threads, options=options
            )
            return report_stability(
                Path(pairs),
                _restorers(opened),
                options,
                sharp=sharp,
                steady=steady,
                json_file=json_file,
                quiet=quiet,
            )
    protocol = PROTOCOLS[protocol_name] if protocol_name else None
    found = _survey(pairs, layout, protocol)
    keys = tuple(dict.fromkeys(metrics or (protocol.metrics if protocol else DEFAULT_METRICS)))
    targets = _Targets(json_file, html_file, plots, save)
    with contextlib.ExitStack() as stack:
        contestants = open_contestants(
            stack, models, found.pairs, engine=engine, precision=precision, threads=threads, options=options
        )
        settings = (__version__, engine, precision, threads, options, save)
        name = fingerprint(found.pairs, contestants, keys, settings)
        journal = Journal(catalogue.cache_folder() / "evaluations" / f"{name}.jsonl")
        evaluation = replace(
            _measure(found.pairs, contestants, keys, journal, save, quiet),
            remarks=(*_remarks(found, protocol), *_unusable(keys)),
            environment=Environment(
                __version__, platform.python_version(), platform.platform(), engine, precision, threads
            ),
            command=shlex.join(["deblurgan", *sys.argv[1:]]) if sys.argv[0].endswith("deblurgan") else "",
        )
        click.echo(report.as_markdown(evaluation, protocol))
        _write(evaluation, protocol, targets, cost, found.pairs, contestants)
        journal.finish()
    return 1 if evaluation.problems or found.lonely else 0


def _restorers(contestants: dict[str, Contestant]) -> dict[str, Restorer]:
    restorers = {name: known.restorer for name, known in contestants.items() if isinstance(known, RestoringModel)}
    if others := sorted(set(contestants) - set(restorers)):
        raise click.UsageError(f"{', '.join(others)} restores nothing; --video measures models.")
    return restorers


def _survey(pairs: str, layout: str, protocol: Protocol | None) -> Survey:
    """What is there, in the layout asked for or one of the protocol's."""
    if protocol is None or layout != "auto" or not Path(pairs).is_dir():
        return survey(pairs, layout)
    for name in protocol.layouts[:-1]:
        with contextlib.suppress(DeblurganError):
            return survey(pairs, name)
    return survey(pairs, protocol.layouts[-1])


def _remarks(found: Survey, protocol: Protocol | None) -> list[str]:
    said = [f"{describe_lonely(found.lonely)}; they were left out."] if found.lonely else []
    return said + (protocol.missing(found.pairs) if protocol else [])


def _unusable(metrics: Sequence[str]) -> list[str]:
    """Why metrics cannot be measured at all here; the others are."""
    said = []
    for key in metrics:
        try:
            METRICS[key].resolved()
        except MissingExtra as error:
            said.append(f"{key} was not measured. {error}")
    return said


def _measure(
    pairs: Sequence[Pair],
    contestants: dict[str, Contestant],
    metrics: Sequence[str],
    journal: Journal,
    save: Path | None,
    quiet: bool,
) -> Evaluation:
    from tqdm import tqdm

    def keep(pair: Pair, model: str, pixels: Pixels) -> None:
        if save and model != INPUT and not isinstance(contestants[model], PictureFolder):
            write(Image(pixels=to_float(pixels)), save / model / f"{pair.name}.png", overwrite=True)

    if journal.measured and not quiet:
        click.echo(f"Going on: {len(journal.measured)} of {len(pairs)} pictures were measured before.", err=True)
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=len(pairs), unit="pair", file=sys.stderr, disable=hidden, leave=False) as bar:
        return evaluate_pairs(
            pairs,
            contestants,
            metrics=metrics,
            keep=keep if save else None,
            finished=lambda pair: bar.update(),
            journal=journal,
        )


def _write(
    evaluation: Evaluation,
    protocol: Protocol | None,
    targets: _Targets,
    cost: str,
    pairs: Sequence[Pair],
    contestants: dict[str, Contestant],
) -> None:
    metric = evaluation.metrics[0]
    points = plot.points(evaluation, metric, cost, protocol)
    if targets.json:
        with whole_file(targets.json, overwrite=True) as file:
            file.write_text(report.as_json(evaluation, protocol), "utf-8")
    for target in targets.plots:
        plot.write(plot.as_svg(points, metric, cost), target)
    if targets.html:
        pictures = _pictures(page.to_show(evaluation), pairs, contestants)
        svg = plot.as_svg(points, metric, cost) if len(points) > 1 else ""
        with whole_file(targets.html, overwrite=True) as file:
            file.write_text(page.as_html(evaluation, pictures, protocol, svg), "utf-8")


def _pictures(
    images: Sequence[str], pairs: Sequence[Pair], contestants: dict[str, Contestant]
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
