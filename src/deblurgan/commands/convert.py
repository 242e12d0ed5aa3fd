"""`deblurgan convert`: official checkpoints to safetensors, and back."""

from __future__ import annotations

from pathlib import Path

import click

from deblurgan.errors import UnwritableTarget
from deblurgan.extras import require

_OFFICIAL = (".h5", ".pth", ".pt")
_OURS = ".safetensors"


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, metavar="FILE", help=f"*{_OURS}, or *{', *'.join(_OFFICIAL)}.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def convert(source: str, output: str, overwrite: bool) -> int:
    """Turn the weights in FILE, official or ours, into the format that the output's ending names.

    Layers that an official file holds but never uses are dropped; written back, they are neutral.
    """
    require("train", "Converting weights")
    from deblurgan.networks import load, save, save_official

    target = Path(output)
    if target.suffix not in (_OURS, *_OFFICIAL):
        raise UnwritableTarget(f"{target} ends in no known format; use {_OURS} or {', '.join(_OFFICIAL)}.")
    network = load(source)
    if target.suffix == _OURS:
        save(network, target, overwrite=overwrite)
    else:
        save_official(network, target, overwrite=overwrite)
    click.echo(target)
    return 0
