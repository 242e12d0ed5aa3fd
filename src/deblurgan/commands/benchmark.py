"""`deblurgan benchmark`: time models on this machine."""

from __future__ import annotations

import dataclasses
import json

import click

from deblurgan.benchmark import time_model
from deblurgan.commands.options import Size, precision_option, threads_option


@click.command()
@click.option("-m", "--model", "models", multiple=True, metavar="NAME_OR_PATH", help="May be given several times.")
@click.option("--engine", "engines", multiple=True, default=("auto",), metavar="NAME", help="Likewise.")
@click.option("--size", type=Size(), default="1280x720", show_default=True, help="Of the picture.")
@click.option("--runs", type=click.IntRange(1), default=7, show_default=True, help="Timed, after two warm-ups.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per combination on standard output.")
@precision_option
@threads_option
def benchmark(
    models: tuple[str, ...],
    engines: tuple[str, ...],
    size: tuple[int, int],
    runs: int,
    as_json: bool,
    precision: str,
    threads: int | None,
) -> int:
    """Time models on this machine: median seconds per picture, from pixels to pixels."""
    for model in models or (None,):
        for engine in engines:
            timing = time_model(model, engine, size=size, runs=runs, threads=threads, precision=precision)
            if as_json:
                click.echo(json.dumps(dataclasses.asdict(timing)))
                continue
            click.echo(
                f"{timing.model} {timing.engine} {timing.precision} {timing.width}x{timing.height}: "
                f"{timing.seconds:.3f} s ({timing.fastest:.3f}-{timing.slowest:.3f}), {timing.fps:.1f} frames/s, "
                f"{timing.peak_mb:.0f} MB, {timing.gmacs_per_second:.0f} GMAC/s{_peak(timing.share_of_peak)}"
            )
    return 0


def _peak(share: float | None) -> str:
    return "" if share is None else f", {share:.0%} of what plain convolutions reach"
