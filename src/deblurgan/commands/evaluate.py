"""`deblurgan evaluate`: measure models on pairs, the untouched input included."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from deblurgan import catalogue, page, report
from deblurgan.commands.clip_stability import report_stability
from deblurgan.commands.options import engine_option, guard_option, precision_option, quiet_option, threads_option
from deblurgan.engines import open_engine
from deblurgan.evaluation import evaluate as evaluate_pairs
from deblurgan.image import Image, read, to_float, write
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import LAYOUTS, Pair, find_pairs
from deblurgan.restore import Restorer
from deblurgan.whole import whole_file


@click.command()
@click.argument("pairs", metavar="PAIRS")
@click.option("-m", "--model", "models", multiple=True, metavar="NAME_OR_PATH", help="May be given several times.")
@click.option("--layout", default="auto", type=click.Choice(["auto", *LAYOUTS]), show_default=True)
@click.option("--metric", "metrics", multiple=True, type=click.Choice(list(METRICS)), default=DEFAULT_METRICS)
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write every figure to this file.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False),
    help="Write a page with figures and pictures to this file.",
)
@click.option("--save", type=click.Path(file_okay=False), help="Write the restored pictures to this folder.")
@click.option(
    "--video", is_flag=True, help="PAIRS is a clip, or a folder of its numbered frames: report temporal stability."
)
@click.option("--sharp", type=click.Path(exists=True), help="With --video: the same frames, only sharp.")
@engine_option
@precision_option
@guard_option
@threads_option
@quiet_option
def evaluate(
    pairs: str,
    models: tuple[str, ...],
    layout: str,
    metrics: tuple[str, ...],
    json_file: str | None,
    html_file: str | None,
    save: str | None,
    video: bool,
    sharp: str | None,
    engine: str,
    precision: str,
    guard: bool,
    threads: int | None,
    quiet: bool,
) -> int:
    """Measure models on PAIRS, a folder of blurred and sharp pictures, beside the untouched input."""
    from tqdm import tqdm

    found = [] if video else find_pairs(pairs, layout)
    folders = [catalogue.find(model) for model in models or (None,)]
    names = [folder.manifest.name for folder in folders]
    if alike := {name for name in names if names.count(name) > 1}:
        raise click.UsageError(
            f"Several models are called {', '.join(sorted(alike))}; export one with another --name."
        )
    restorers = {
        folder.manifest.name: Restorer(
            folder.manifest, open_engine(folder, engine, threads=threads, precision=precision)
        )
        for folder in folders
    }
    if video:
        aim = None if sharp is None else Path(sharp)
        return report_stability(Path(pairs), restorers, sharp=aim, json_file=json_file, quiet=quiet)
    pictures: dict[tuple[str, str], bytes] = {}

    def keep(pair: Pair, model: str, pixels: NDArray[np.uint8]) -> None:
        if save and model in restorers:
            target = Path(save) / model / f"{pair.name}.png"
            write(Image(pixels=to_float(pixels)), target, overwrite=True)
        if html_file:
            pictures[pair.name, model] = page.as_jpeg(to_float(pixels))
            if (pair.name, page.SHARP) not in pictures:
                pictures[pair.name, page.SHARP] = page.as_jpeg(read(pair.sharp).pixels)

    shown = tqdm(found, unit="pair", file=sys.stderr, disable=quiet or not sys.stderr.isatty(), leave=False)
    evaluation = evaluate_pairs(shown, restorers, metrics=metrics, guard=guard, keep=keep)
    click.echo(report.as_markdown(evaluation))
    if json_file:
        with whole_file(json_file, overwrite=True) as file:
            file.write_text(report.as_json(evaluation), "utf-8")
    if html_file:
        with whole_file(html_file, overwrite=True) as file:
            file.write_text(page.as_html(evaluation, pictures), "utf-8")
    return 0
