"""An evaluation as text for people and JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from deblurgan.evaluation import INPUT, Evaluation, ModelFacts, bootstrap_interval
from deblurgan.metrics import METRICS
from deblurgan.protocols import COUNTED_FRAME, Protocol, Published

FRAME = (720, 1280)
_NOTHING = "-"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table for people.

    Attributes:
        title: what it shows; may be empty.
        columns: names.
        lines: cells as they are shown.
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def as_markdown(evaluation: Evaluation, protocol: Protocol | None = None) -> str:
    """Tables with a line per model and dataset, the untouched input first, and what must be known about them."""
    tables = [means(evaluation), *([by_sequence(evaluation)] if _several_sequences(evaluation) else [])]
    tables += [costs(evaluation), *([beside_published(evaluation, protocol)] if protocol else [])]
    parts = [_markdown(table) for table in tables if table.lines]
    return "\n\n".join([*parts, *sentences(evaluation, protocol)])


def as_json(evaluation: Evaluation, protocol: Protocol | None = None) -> str:
    """Every row as it is, with definitions, environment and what was published; endless figures as 'inf'."""
    content = {
        "command": evaluation.command,
        "environment": dataclasses.asdict(evaluation.environment) if evaluation.environment else None,
        "metrics": {
            key: {"definition": METRICS[key].definition, "source": METRICS[key].source}
            for key in evaluation.metrics
        },
        "models": {name: dataclasses.asdict(facts) for name, facts in evaluation.facts.items()},
        "remarks": list(evaluation.remarks),
        "published": [dataclasses.asdict(row) for row in protocol.published] if protocol else [],
        "rows": [_finite(dataclasses.asdict(row)) for row in evaluation.rows],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def means(evaluation: Evaluation) -> Table:
    """Mean figures by dataset and model, the gain over the input, and how many pictures became worse."""
    if not evaluation.metrics:
        return Table("", (), ())
    gain = evaluation.metrics[0]
    columns = ("data", "pictures", "model", *evaluation.metrics, f"gain in {gain} (95 %)", "worse")
    lines = []
    several = len(evaluation.datasets) > 1
    for dataset in [*evaluation.datasets, None] if several else evaluation.datasets:
        for model in evaluation.models:
            gains = [] if model == INPUT else evaluation.gains(model, gain, dataset)
            lines.append(
                (
                    dataset or "all",
                    str(len(evaluation.images(gain, dataset))),
                    model,
                    *(figure(evaluation.mean(model, key, dataset), key) for key in evaluation.metrics),
                    _gain(gains, METRICS[gain].digits),
                    f"{sum(value < 0 for value in gains)}, least {min(gains):+.3f}" if gains else "",
                )
            )
    return Table("", columns, tuple(lines))


def by_sequence(evaluation: Evaluation) -> Table:
    """Mean figures by sequence and model."""
    lines = [
        (
            dataset,
            sequence,
            str(len(evaluation.images(evaluation.metrics[0], dataset, sequence))),
            model,
            *(figure(evaluation.mean(model, key, dataset, sequence), key) for key in evaluation.metrics),
        )
        for dataset in evaluation.datasets
        for sequence in evaluation.sequences(dataset)
        for model in evaluation.models
    ]
    columns = ("data", "sequence", "pictures", "model", *evaluation.metrics)
    return Table("By sequence", columns, tuple(lines))


def costs(evaluation: Evaluation) -> Table:
    """What each model costs: median seconds, peak memory, size, and multiplications counted in two ways."""
    columns = (
        "model",
        "engine",
        "seconds per picture",
        "peak memory, MB",
        "parameters",
        f"GMACs at {FRAME[1]}x{FRAME[0]}",
        "GMACs as the paper counts",
    )
    lines = []
    for model, facts in evaluation.facts.items():
        seconds, peak = evaluation.seconds(model), evaluation.peak_mb(model)
        lines.append(
            (
                model,
                f"{facts.engine} {facts.precision}".strip() or "pictures",
                f"{seconds:.3f}" if seconds is not None else _NOTHING,
                f"{peak:.0f}" if peak is not None else _NOTHING,
                f"{facts.parameters:,}" if facts.parameters is not None else _NOTHING,
                _gmacs(gmacs(facts)),
                _gmacs(gmacs(facts, twice=True)),
            )
        )
    return Table("Cost", columns, tuple(lines))


def gmacs(facts: ModelFacts, *, twice: bool = False, frame: tuple[int, int] = FRAME) -> float | None:
    """10^9 multiply-accumulates for a frame, (height, width); with `twice`, the backbone's count double.

    The paper's tool counted the backbone of DeblurGAN-v2 under both names it is stored by.
    """
    if facts.macs_per_pixel is None or (twice and facts.backbone_macs_per_pixel is None):
        return None
    more = facts.backbone_macs_per_pixel or 0.0 if twice else 0.0
    return (facts.macs_per_pixel + more) * math.prod(frame) / 1e9


def beside_published(evaluation: Evaluation, protocol: Protocol) -> Table:
    """The rows that others published, then the ones measured now, each marked as what it is."""
    quality, structure = (
        next((key for key in evaluation.metrics if kind in key), None) for kind in ("psnr", "ssim")
    )
    gmacs_column = f"GMACs at {COUNTED_FRAME[1]}x{COUNTED_FRAME[0]}"
    columns = ("model", "", "PSNR", "SSIM", "seconds", "GFLOPs as printed", gmacs_column, "source")
    pictures = len(evaluation.images(quality or evaluation.metrics[0]))
    lines = [_published(row) for row in protocol.published]
    for model in evaluation.models:
        facts, seconds = evaluation.facts.get(model), evaluation.seconds(model)
        lines.append(
            (
                model,
                "measured",
                *(figure(evaluation.mean(model, key), key) if key else _NOTHING for key in (quality, structure)),
                f"{seconds:.2f}" if seconds is not None else _NOTHING,
                _gmacs(gmacs(facts, twice=True, frame=COUNTED_FRAME)) if facts else _NOTHING,
                _gmacs(gmacs(facts, frame=COUNTED_FRAME)) if facts else _NOTHING,
                f"this machine, {pictures} pictures, {quality or 'no PSNR'}, {structure or 'no SSIM'}",
            )
        )
    return Table(f"Published and measured: {protocol.title}", columns, tuple(lines))


def sentences(evaluation: Evaluation, protocol: Protocol | None = None) -> list[str]:
    """What a reader of the tables must know."""
    said = list(evaluation.remarks)
    said += [
        f"{model}: {count} pictures without a figure: {problem}." for model, problem, count in evaluation.problems
    ]
    if evaluation.problems:
        said.append("Means are over the pictures of which every model has a figure.")
    if protocol:
        said.append(protocol.remark)
    said.append("; ".join(f"{key}: {METRICS[key].definition}" for key in evaluation.metrics))
    if evaluation.command:
        said.append(f"Command: {evaluation.command}")
    return said


def figure(value: float, metric: str) -> str:
    """A value as it is shown; a dash for none."""
    return _NOTHING if math.isnan(value) else f"{value:.{METRICS[metric].digits}f}"


def _published(row: Published) -> tuple[str, ...]:
    return (
        row.model,
        "published",
        f"{row.psnr:.2f}",
        f"{row.ssim:.3f}" if row.ssim is not None else _NOTHING,
        f"{row.seconds:g}" if row.seconds is not None else _NOTHING,
        f"{row.gflops:.2f}" if row.gflops is not None else _NOTHING,
        _gmacs(row.gmacs),
        row.source,
    )


def _gmacs(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}"


def _gain(gains: list[float], digits: int) -> str:
    if not gains:
        return ""
    if not all(map(math.isfinite, gains)):
        return "endless: a picture equals the sharp one"
    low, high = bootstrap_interval(gains)
    return f"{sum(gains) / len(gains):+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _several_sequences(evaluation: Evaluation) -> bool:
    """Whether sequences say more than datasets: some hold several pictures, and there are several."""
    pictures = {(row.dataset, row.sequence, row.image) for row in evaluation.rows}
    sequences = {(dataset, sequence) for dataset, sequence, _ in pictures}
    return len(evaluation.datasets) < len(sequences) < len(pictures)


def _markdown(table: Table) -> str:
    rows = [table.columns, ("---",) * len(table.columns), *table.lines]
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"**{table.title}**\n\n{text}" if table.title else text


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    value = row["value"]
    return row if value is None or math.isfinite(value) else {**row, "value": "inf"}
