"""`deblurgan export`: turn a training run into a verified model folder."""

from __future__ import annotations

from pathlib import Path

import click

from deblurgan import catalogue
from deblurgan.extras import require
from deblurgan.manifest import FILE_NAME
from deblurgan.whole import whole_folder


@click.command()
@click.argument("run", metavar="RUN_OR_CHECKPOINT", type=click.Path(exists=True))
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="DIR",
    help="Model folder to write; a model in it is replaced once the new one is verified, other files stay.",
)
@click.option(
    "--checkpoint",
    type=click.Choice(["best", "last"]),
    default="best",
    show_default=True,
    help="Which of a run folder's; a run without validation has only the last.",
)
@click.option(
    "--interpolate",
    nargs=2,
    type=(str, click.FloatRange(0, 1)),
    metavar="MODEL SHARE",
    help="Take weights between: SHARE of the way from MODEL's, with 0, to the trained ones, with 1.",
)
@click.option("--name", help="Of the model; the folder's name if not given.")
@click.option("--version", default="1", show_default=True, help="Of the weights.")
@click.option(
    "--trained-on", multiple=True, metavar="TEXT", help="A source of the data with its licence; repeat it."
)
@click.option(
    "--measure", "pairs", metavar="PAIRS", help="Measure on these pairs; the figures go into the manifest."
)
@click.option(
    "--calibrate",
    "folders",
    multiple=True,
    metavar="PICTURES",
    help="Let the model run in int8, too: a folder of pictures such as it will meet, blurred ones among them; once"
    " for each kind.",
)
def export(
    run: str,
    output: str,
    checkpoint: str,
    interpolate: tuple[str, float] | None,
    name: str | None,
    version: str,
    trained_on: tuple[str, ...],
    pairs: str | None,
    folders: tuple[str, ...],
) -> int:
    """Turn a training run into a model folder: its averaged weights as ONNX, and a manifest."""
    require("train", "Exporting")
    from deblurgan.training import state
    from deblurgan.training.calibration import calibrate
    from deblurgan.training.export import export as write_model
    from deblurgan.training.export import manifest_of
    from deblurgan.training.measure import measure
    from deblurgan.training.network_interpolation import draw_near
    from deblurgan.training.run_folder import BEST, LAST

    file = Path(run)
    if file.is_dir():
        file = file / (BEST if checkpoint == "best" and (file / BEST).exists() else LAST)
    trained = state.load(file)
    if interpolate:
        origin, share = interpolate
        draw_near(trained.average, catalogue.find(origin), share)
    folder = Path(output)
    facts = manifest_of(
        trained.average, trained.recipe, name=name or folder.name, version=version, trained_on=trained_on
    )
    with whole_folder(folder, last=FILE_NAME) as place:
        model = write_model(trained.average, facts, place)
        if folders:
            model = calibrate(model, [Path(pictures) for pictures in folders])
        if pairs:
            measure(model, Path(pairs))
    click.echo(folder)
    return 0
