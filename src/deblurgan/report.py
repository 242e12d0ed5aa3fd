"""Evaluation rows as text for people and JSON for programs."""

from __future__ import annotations

import dataclasses
import json

from deblurgan.evaluation import INPUT, Evaluation, bootstrap_interval
from deblurgan.metrics import METRICS


def as_markdown(evaluation: Evaluation) -> str:
    """A table with a line per model and dataset, the untouched input first."""
    metrics = list(dict.fromkeys(row.metric for row in evaluation.rows))
    gain = metrics[0]
    lines = [
        f"| data | pictures | model | {' | '.join(metrics)} | gain in {gain} (95 %) |",
        "|---|---|---|" + "---|" * (len(metrics) + 1),
    ]
    for dataset in [*evaluation.datasets, None] if len(evaluation.datasets) > 1 else evaluation.datasets:
        count = len(evaluation.values(INPUT, gain, dataset))
        for model in evaluation.models:
            figures = " | ".join(
                f"{evaluation.mean(model, metric, dataset):.{METRICS[metric].digits}f}" for metric in metrics
            )
            shown = "" if model == INPUT else _gain(evaluation.gains(model, gain, dataset), METRICS[gain].digits)
            lines.append(f"| {dataset or 'all'} | {count} | {model} | {figures} | {shown} |")
    for model in evaluation.models[1:]:
        gains = evaluation.gains(model, gain)
        worse = sum(value < 0 for value in gains)
        lines.append(
            f"\n{model}: {worse} of {len(gains)} pictures worse in {gain}, the least gain {min(gains):+.3f}"
        )
    definitions = "; ".join(f"{metric}: {METRICS[metric].definition}" for metric in metrics)
    return "\n".join([*lines, f"\n{definitions}"])


def _gain(gains: list[float], digits: int) -> str:
    low, high = bootstrap_interval(gains)
    return f"{sum(gains) / len(gains):+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def as_json(evaluation: Evaluation) -> str:
    """Every row as it is, with the definitions of the metrics."""
    rows = [dataclasses.asdict(row) for row in evaluation.rows]
    definitions = {metric: METRICS[metric].definition for metric in {row["metric"] for row in rows}}
    return json.dumps({"metrics": definitions, "rows": rows}, indent=1) + "\n"
