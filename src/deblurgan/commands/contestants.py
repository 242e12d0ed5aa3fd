"""What the user calls models, opened: ours, checkpoints, ONNX files, folders of pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import click

from deblurgan import catalogue, manifest
from deblurgan.engines import open_engine
from deblurgan.evaluation import INPUT, Contestant, RestoringModel
from deblurgan.evaluation.contestants import picture_folder
from deblurgan.image import pictures_in
from deblurgan.pairs import Pair
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions


def open_contestants(
    stack: contextlib.ExitStack,
    models: Sequence[str],
    pairs: Sequence[Pair],
    *,
    engine: str,
    precision: str,
    threads: int | None,
    options: RestoreOptions,
) -> dict[str, Contestant]:
    """Contestants by name; the stack closes them.

    Args:
        stack: that closes their engines.
        models: names or paths; none for the default model.
        pairs: that folders of pictures belong to.
        engine, precision, threads: of models that restore here.
        options: how these restore.

    Raises:
        DeblurganError: a model is not to be had.
        UsageError: two of one name.
    """
    found: dict[str, Contestant] = {}
    for model in models or (None,):
        path = Path(model) if model else None
        if (
            path
            and path.is_dir()
            and not (path / manifest.FILE_NAME).is_file()
            and not catalogue.is_run_folder(path)
            and pictures_in(path, recursive=True)
        ):
            name: str = path.resolve().name
            contestant: Contestant = picture_folder(path, pairs)
        else:
            name, contestant = _restoring(stack, model, engine, precision, threads, options)
        if name in found or name == INPUT:
            raise click.UsageError(f"Several models are called {name}; give one of them another name.")
        found[name] = contestant
    return found


def _restoring(
    stack: contextlib.ExitStack,
    model: str | None,
    engine: str,
    precision: str,
    threads: int | None,
    options: RestoreOptions,
) -> tuple[str, Contestant]:
    folder = catalogue.find(model)
    opened = open_engine(folder, engine, threads=threads, precision=precision)
    restorer = Restorer(folder.manifest, opened, threads=threads)
    stack.callback(restorer.close)
    return folder.manifest.name, RestoringModel(restorer, options, str(folder.path))
