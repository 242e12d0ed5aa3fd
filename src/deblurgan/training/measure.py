"""Measure an exported model and write the figures into its manifest."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from deblurgan import manifest as manifests
from deblurgan.catalogue import ModelFolder
from deblurgan.engines import open_engine
from deblurgan.evaluation import INPUT, Evaluation, evaluate
from deblurgan.manifest import Measurement
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import find_pairs
from deblurgan.restore import Restorer


def measure(model: ModelFolder, pairs: Path) -> ModelFolder:
    """Measure a model through the engine that users get, dataset by dataset.

    Args:
        model: an exported model; its manifest is written anew.
        pairs: folder of pairs that were not trained on.

    Raises:
        PairError: the folder holds no proper pairs, or one that cannot be read or restored.
    """
    restorer = Restorer(model.manifest, open_engine(model))
    evaluation = evaluate(find_pairs(pairs), {model.manifest.name: restorer})
    restorer.close()
    evaluation.refuse_gaps()
    command = f"deblurgan evaluate {pairs.as_posix()} --model {model.manifest.name}"
    figures = tuple(
        _figure(evaluation, model.manifest.name, metric, dataset, command)
        for dataset in evaluation.datasets
        for metric in DEFAULT_METRICS
    )
    measured = ModelFolder(model.path, dataclasses.replace(model.manifest, measured=figures))
    manifests.save(measured.manifest, measured.path)
    return measured


def _figure(evaluation: Evaluation, model: str, metric: str, dataset: str, command: str) -> Measurement:
    digits = METRICS[metric].digits
    return Measurement(
        figure=metric,
        value=round(evaluation.mean(model, metric, dataset), digits),
        baseline=round(evaluation.mean(INPUT, metric, dataset), digits),
        data=f"{len(evaluation.values(INPUT, metric, dataset))} pairs of {dataset}",
        command=command,
    )
