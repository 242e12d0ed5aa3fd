"""`deblurgan evaluate`: measure models on pairs, the untouched input included."""

from __future__ import annotations

import contextlib
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from click.core import ParameterSource

from deblurgan import __version__, catalogue, plot, report
from deblurgan.commands.clip_stability import report_stability
from deblurgan.commands.contestants import open_contestants
from deblurgan.commands.evaluation_files import (
    Targets,
    keep_picture,
    refuse_early,
    refuse_existing,
    write_report,
)
from deblurgan.commands.options import (
    engine_option,
    guard_option,
    multi_scale_option,
    precision_option,
    quiet_option,
    self_ensemble_option,
    threads_option,
)
from deblurgan.errors import DeblurganError, MissingExtra
from deblurgan.evaluation import Contestant, Environment, Evaluation, Journal, RestoringModel
from deblurgan.evaluation import evaluate as evaluate_pairs
from deblurgan.evaluation.journal import fingerprint
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import LAYOUTS, Pair, Survey, describe_lonely, survey
from deblurgan.protocols import PROTOCOLS, Protocol
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions

_FOR_PAIRS = ("layout", "protocol_name", "metrics", "html_file", "plots", "cost", "save")
_FOR_CLIPS = ("sharp", "steady")


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
@click.option("--overwrite", is_flag=True, help="Replace reports and restored pictures that are there.")
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
@multi_scale_option
@threads_option
@quiet_option
@click.pass_context
def evaluate(
    context: click.Context,
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
    overwrite: bool,
    video: bool,
    sharp: Path | None,
    steady: bool,
    engine: str,
    precision: str,
    guard: bool,
    self_ensemble: bool,
    multi_scale: bool,
    threads: int | None,
    quiet: bool,
) -> int:
    """Measure models on PAIRS, a folder of blurred and sharp pictures, beside the untouched input.

    What was measured when the program was stopped is not measured again by the same command.
    """
    _refuse_options(context, video)
    options = RestoreOptions(guard=guard, self_ensemble=self_ensemble, multi_scale=multi_scale)
    if video:
        refuse_existing([json_file] if json_file else [], overwrite=overwrite)
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
                overwrite=overwrite,
                quiet=quiet,
            )
    protocol = PROTOCOLS[protocol_name] if protocol_name else None
    found = _survey(pairs, layout, protocol)
    keys = tuple(dict.fromkeys(metrics or (protocol.metrics if protocol else DEFAULT_METRICS)))
    targets = Targets(json_file, html_file, plots, cost, save, overwrite)
    with contextlib.ExitStack() as stack:
        contestants = open_contestants(
            stack, models, found.pairs, engine=engine, precision=precision, threads=threads, options=options
        )
        settings = (__version__, engine, precision, threads, options, save)
        name = fingerprint(found.pairs, contestants, keys, settings)
        journal = Journal(catalogue.cache_folder() / "evaluations" / f"{name}.jsonl")
        refuse_early(targets, found.pairs, contestants, going_on=bool(journal.measured))
        evaluation = replace(
            _measure(found.pairs, contestants, keys, journal, targets, quiet),
            remarks=(*_remarks(found, protocol), *_unusable(keys)),
            environment=Environment(
                __version__, platform.python_version(), platform.platform(), engine, precision, threads
            ),
            command=shlex.join(["deblurgan", *sys.argv[1:]]) if sys.argv[0].endswith("deblurgan") else "",
        )
        click.echo(report.as_markdown(evaluation, protocol))
        write_report(targets, evaluation, protocol, found.pairs, contestants)
        journal.finish()
    return 1 if evaluation.problems or found.lonely else 0


def _refuse_options(context: click.Context, video: bool) -> None:
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and video and parameter.name in _FOR_PAIRS:
            raise click.UsageError(f"{parameter.opts[0]} is for pairs of pictures; leave it out with --video.")
        if given and not video and parameter.name in _FOR_CLIPS:
            raise click.UsageError(f"{parameter.opts[0]} is for moving pictures; add --video.")


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
    targets: Targets,
    quiet: bool,
) -> Evaluation:
    from tqdm import tqdm

    if journal.measured and not quiet:
        click.echo(f"Going on: {len(journal.measured)} of {len(pairs)} pictures were measured before.", err=True)
    hidden = quiet or not sys.stderr.isatty()
    with tqdm(total=len(pairs), unit="pair", file=sys.stderr, disable=hidden, leave=False) as bar:
        return evaluate_pairs(
            pairs,
            contestants,
            metrics=metrics,
            keep=partial(keep_picture, targets, contestants) if targets.pictures else None,
            finished=lambda pair: bar.update(),
            journal=journal,
        )
