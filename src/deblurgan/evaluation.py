"""Measure models on blurred and sharp pairs, always beside the untouched input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deblurgan.errors import PairError
from deblurgan.image import read, to_integer
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import Pair
from deblurgan.restore import RestoreOptions, Restorer

INPUT = "input"


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        image: name of the pair.
        dataset: the pair's.
        model: name, or 'input' for the untouched blurred picture.
        metric: key of `METRICS`.
        value: of the metric.
        seconds: that the model took for the picture; 0 for the input.
    """

    image: str
    dataset: str
    model: str
    metric: str
    value: float
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    Attributes:
        rows: in the order they were measured.
    """

    rows: tuple[Row, ...]

    @property
    def models(self) -> list[str]:
        """Names in the order they were measured, 'input' first."""
        return list(dict.fromkeys(row.model for row in self.rows))

    @property
    def datasets(self) -> list[str]:
        """Names in the order they were met."""
        return list(dict.fromkeys(row.dataset for row in self.rows))

    def values(self, model: str, metric: str, dataset: str | None = None) -> list[float]:
        """The figures of one model in the order of the pictures, of one dataset or all."""
        return [
            row.value
            for row in self.rows
            if (row.model, row.metric) == (model, metric) and dataset in (None, row.dataset)
        ]

    def mean(self, model: str, metric: str, dataset: str | None = None) -> float:
        """Mean over pictures."""
        return float(np.mean(self.values(model, metric, dataset)))

    def gains(self, model: str, metric: str, dataset: str | None = None) -> list[float]:
        """Model minus input, per picture; positive is better."""
        sign = 1 if METRICS[metric].higher_is_better else -1
        before, after = self.values(INPUT, metric, dataset), self.values(model, metric, dataset)
        return [sign * (restored - blurred) for blurred, restored in zip(before, after, strict=True)]


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile interval of the mean, from 5000 resamplings with a fixed seed (Efron, 1979)."""
    rng = np.random.default_rng(0)
    means = rng.choice(np.asarray(values), size=(5000, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def evaluate(
    pairs: Iterable[Pair],
    models: Mapping[str, Restorer],
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    guard: bool = True,
    keep: Callable[[Pair, str, NDArray[np.uint8]], None] | None = None,
) -> Evaluation:
    """Restore every blurred picture with every model and compare it with the sharp one, rounded to 8 bits.

    Args:
        pairs: to measure on.
        models: by the name they appear under.
        metrics: keys of `METRICS`.
        guard: the guard acts, as it does for users; without it the network alone is measured.
        keep: called with (pair, model, pixels) for every result.

    Raises:
        PairError: the two pictures of a pair differ in size.
    """
    rows: list[Row] = []
    options = RestoreOptions(guard=guard)
    for pair in pairs:
        blurred, sharp = (to_integer(read(path).pixels, 8) for path in (pair.blurred, pair.sharp))
        if blurred.shape != sharp.shape:
            raise PairError(f"The pictures of {pair.name} differ in size: {blurred.shape} and {sharp.shape}.")
        results = {INPUT: (blurred, 0.0)}
        for name, restorer in models.items():
            restored = restorer(blurred, options)
            results[name] = (restored.pixels, restored.seconds)
        for name, (pixels, seconds) in results.items():
            if keep:
                keep(pair, name, pixels)
            for metric in metrics:
                value = METRICS[metric].function(pixels, sharp, data_range=255)
                rows.append(Row(pair.name, pair.dataset, name, metric, value, seconds))
    return Evaluation(tuple(rows))
