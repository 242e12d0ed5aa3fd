"""`deblurgan models`: list and describe models."""

from __future__ import annotations

import click

from deblurgan import catalogue
from deblurgan.commands.options import Size


@click.group()
def models() -> None:
    """List and describe the models that are installed."""


@models.command("list")
def list_models() -> None:
    """Names of the installed models."""
    for name in catalogue.available_models():
        facts = catalogue.find(name).manifest
        click.echo(f"{name}\tversion {facts.version}\t{facts.architecture}\t{facts.licence}")


@models.command()
@click.argument("model", required=False)
@click.option("--size", type=Size(), default="1280x720", show_default=True, help="Of the picture.")
def info(model: str | None, size: tuple[int, int]) -> None:
    """Everything the manifest of MODEL says, and what it costs for a picture of a size."""
    folder = catalogue.find(model)
    facts = folder.manifest
    height, width = size
    stored = sum(folder.file(kind).stat().st_size for kind in facts.files) / 1e6
    lines = {
        "name": f"{facts.name}, version {facts.version}",
        "architecture": f"{facts.architecture}, backbone {facts.backbone}",
        "size": f"{stored:.1f} MB",
        "parameters": f"{facts.parameters:,}, {facts.live_parameters:,} of them live",
        "cost": f"{facts.macs_per_pixel * width * height / 1e9:.2f} GMACs for {width}x{height}",
        "input": f"multiples of {facts.size_multiple} pixels, at least {'x'.join(map(str, facts.minimum_size))}",
        "tiles": f"{facts.tiling}, overlap {facts.halo} pixels at each cut",
        "statistics": facts.statistics,
        "licence": facts.licence,
        "trained on": "; ".join(facts.trained_on) or "not stated",
        "recipe": facts.recipe_digest[:16],
        "cite": facts.cite,
    }
    for key, value in lines.items():
        click.echo(f"{key:14}{value}")
    for entry in facts.measured:
        click.echo(f"{entry.figure:14}{entry.value:g} (blurred input {entry.baseline:g}) on {entry.data}")
        click.echo(f"{'':14}{entry.command}")


@models.command()
@click.argument("model", required=False)
def path(model: str | None) -> None:
    """Where MODEL lies."""
    click.echo(catalogue.find(model).path)
