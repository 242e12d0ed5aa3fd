"""`deblurgan train`: train a network by a recipe."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from deblurgan.commands.options import threads_option
from deblurgan.extras import require


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting, such as data.batch=4."
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="RUN",
    help="Folder for the checkpoint and the log; one that holds a training needs --resume or --carry.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in RUN.")
@click.option("--minutes", type=click.FloatRange(min=0), help="Stop after this time, with a checkpoint.")
@click.option(
    "--carry",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Go on from the checkpoint in DIR, if there is one and RUN has none that is further on; leave the new "
    "one there, in parts of 15 MiB.",
)
@click.option("--accelerator", default="auto", show_default=True, help="cpu, gpu, or auto: a GPU if any.")
@click.option("--devices", type=click.IntRange(1), default=1, show_default=True, help="Processes on this machine.")
@click.option("--nodes", type=click.IntRange(1), default=1, show_default=True, help="Machines; start it on each.")
@threads_option
def train(
    recipe: str,
    overrides: tuple[str, ...],
    output: str,
    resume: bool,
    minutes: float | None,
    carry: Path | None,
    accelerator: str,
    devices: int,
    nodes: int,
    threads: int | None,
) -> int:
    """Train a network by RECIPE: the name of one that comes with the package, or a TOML file."""
    require("train", "Training")
    from deblurgan.training import loop, parcels
    from deblurgan.training import recipe as recipes
    from deblurgan.training.devices import connect
    from deblurgan.training.run_folder import LAST, RunFolder
    from deblurgan.training.stopping import asked_to_stop

    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("deblurgan").setLevel(logging.INFO)
    settings = recipes.load(recipe, overrides)
    fabric = connect(accelerator=accelerator, devices=devices, nodes=nodes)
    folder = Path(output)
    if carry and not resume:
        run = RunFolder(folder, leads=fabric.is_global_zero)
        run.take_in(carry)
        fabric.barrier()
        resume = run.holds_training()
    with asked_to_stop() as stop:
        loop.train(settings, folder, resume=resume, threads=threads, fabric=fabric, minutes=minutes, stop=stop)
        if carry and fabric.is_global_zero:
            parcels.split(folder / LAST, carry)
    return 0
