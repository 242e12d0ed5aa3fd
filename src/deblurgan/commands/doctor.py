"""`deblurgan doctor`: what this machine has, what would be used, and why."""

from __future__ import annotations

import importlib.metadata
import os
import platform

import click

from deblurgan import __version__, catalogue
from deblurgan.engines import ENGINES, allowed_threads, choose, open_engine, timings
from deblurgan.errors import DeblurganError
from deblurgan.restore_plan import precision_of


@click.command()
def doctor() -> int:
    """Say what this machine has and what would be used, and why. Exit code 1 if nothing can run."""
    _line("deblurgan", __version__)
    _line("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    _line("processors", f"{os.cpu_count()} in the machine, {allowed_threads()} for this process")
    _line("models", ", ".join(catalogue.available_models()) or "none")
    for name, entry in ENGINES.items():
        if entry.installed:
            _line(f"engine {name}", f"{entry.distribution} {importlib.metadata.version(entry.distribution)}")
        else:
            _line(f"engine {name}", f"not installed; pip install 'deblurgan[{entry.extra}]'")
    try:
        model = catalogue.find()
        name = choose()
        engine = open_engine(model, name)
    except DeblurganError as error:
        _line("would use", f"nothing: {error}")
        return 1
    _line("would use", f"model {model.manifest.name} in {name} ({_reason()})")
    computes = (
        "the processor computes in it" if engine.precision == "bf16" else "the processor or engine has no bf16"
    )
    _line("precision", f"{precision_of(engine)} ({computes})")
    return 0


def _reason() -> str:
    if os.environ.get("DEBLURGAN_ENGINE"):
        return "DEBLURGAN_ENGINE asks for it"
    timed = tuple(name for name, entry in ENGINES.items() if entry.installed and entry.timed)
    if len(timed) < 2:
        return "no other fast one is installed"
    seconds = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in timings(timed).items())
    return f"the fastest here: {seconds}"


def _line(key: str, value: str) -> None:
    click.echo(f"{key:16}{value}")
