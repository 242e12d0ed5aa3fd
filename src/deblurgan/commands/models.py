"""`deblurgan models`: list and describe models."""

from __future__ import annotations

import click

from deblurgan import catalogue


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
def info(model: str | None) -> None:
    """Everything the manifest of MODEL says, and its size."""
    folder = catalogue.find(model)
    facts = folder.manifest
    size = sum(folder.file(kind).stat().st_size for kind in facts.files) / 1e6
    lines = {
        "name": f"{facts.name}, version {facts.version}",
        "architecture": f"{facts.architecture}, backbone {facts.backbone}",
        "size": f"{facts.parameters:,} parameters, {size:.1f} MB",
        "cost": f"{facts.macs_per_pixel * 1280 * 720 / 1e9:.1f} GMACs for 1280x720",
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
