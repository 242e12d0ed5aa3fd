"""Figures of an evaluation, and what follows from them: means, gains, intervals."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from deblurgan.errors import PairError
from deblurgan.evaluation.contestants import ModelFacts
from deblurgan.metrics import METRICS

INPUT, SHARP = "input", "sharp"
"""What the untouched and the sharp pictures are called beside models."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        image: name of the pair.
        dataset: the pair's.
        sequence: the pair's.
        model: name, or 'input' for the untouched blurred picture.
        metric: key of `METRICS`.
        value: of the metric; None if it could not be measured.
        seconds: that the model took for the picture, its share where two were restored side by side; None for the
            input and for pictures others made.
        peak_mb: highest memory of this process while the model worked on it, in MB (10^6 bytes); None for
            the same, and where the system does not tell.
        problem: why there is no value; empty if there is one.
    """

    image: str
    dataset: str
    sequence: str
    model: str
    metric: str
    value: float | None
    seconds: float | None = None
    peak_mb: float | None = None
    problem: str = ""

    @property
    def picture(self) -> tuple[str, str]:
        """Dataset and image: pictures of two datasets may be called alike."""
        return self.dataset, self.image


@dataclass(frozen=True)
class Environment:
    """What the figures were measured with.

    Attributes:
        version: of this package.
        python: version.
        system: operating system and machine.
        engine: name that was asked for.
        precision: that was asked for.
        threads: of the engine; None for all that the process may use.
    """

    version: str
    python: str
    system: str
    engine: str
    precision: str
    threads: int | None


@dataclass(frozen=True)
class Evaluation:
    """All figures of one evaluation.

    Attributes:
        rows: in the order they were measured.
        facts: about the models, by name.
        remarks: what else a reader must know, in sentences: pictures without a partner, for one.
        environment: if it is known.
        command: that gives the same figures again, if it is known.
    """

    rows: tuple[Row, ...]
    facts: Mapping[str, ModelFacts] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    environment: Environment | None = None
    command: str = ""

    @cached_property
    def models(self) -> list[str]:
        """Names in the order they were measured, 'input' first."""
        return list(dict.fromkeys(row.model for row in self.rows))

    @cached_property
    def metrics(self) -> list[str]:
        """Keys in the order they were measured."""
        return list(dict.fromkeys(row.metric for row in self.rows))

    @cached_property
    def datasets(self) -> list[str]:
        """Names in the order they were met."""
        return list(dict.fromkeys(row.dataset for row in self.rows))

    def sequences(self, dataset: str) -> list[str]:
        """Names of a dataset's sequences in the order they were met."""
        return list(dict.fromkeys(row.sequence for row in self.rows if row.dataset == dataset))

    def images(self, metric: str, dataset: str | None = None, sequence: str | None = None) -> list[str]:
        """Pictures of which every model has the figure, so that all means are over the same ones.

        A model that has it of no picture at all does not count.
        """
        return [row.image for row in self._compared(metric, dataset, sequence)]

    def values(
        self, model: str, metric: str, dataset: str | None = None, sequence: str | None = None
    ) -> list[float]:
        """The figures of one model in the order of `images`; none if it has none at all."""
        found = self._values.get((model, metric), {})
        return [found[row.picture] for row in self._compared(metric, dataset, sequence)] if found else []

    def mean(self, model: str, metric: str, dataset: str | None = None, sequence: str | None = None) -> float:
        """Mean over pictures; not a number if there are none."""
        values = self.values(model, metric, dataset, sequence)
        return float(np.mean(values)) if values else math.nan

    def gains(self, model: str, metric: str, dataset: str | None = None) -> list[float]:
        """Model minus input, per picture; positive is better."""
        sign = 1 if METRICS[metric].higher_is_better else -1
        before, after = self.values(INPUT, metric, dataset), self.values(model, metric, dataset)
        # An output equal to the sharp picture has an endless PSNR, and so may the input.
        return [
            sign * (restored - blurred) if restored != blurred else 0.0
            for blurred, restored in zip(before, after, strict=bool(after))
        ]

    def seconds(self, model: str) -> float | None:
        """Median time per picture; None if it was not measured."""
        found = {row.picture: row.seconds for row in self.rows if row.model == model and row.seconds is not None}
        return statistics.median(found.values()) if found else None

    def peak_mb(self, model: str) -> float | None:
        """Highest memory over all pictures; None if it was not measured."""
        return max((row.peak_mb for row in self.rows if row.model == model and row.peak_mb), default=None)

    @cached_property
    def problems(self) -> list[tuple[str, str, int]]:
        """(Model, problem, pictures) of all figures that are missing."""
        met: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for row in self.rows:
            if row.problem:
                met.setdefault((row.model, f"{row.metric}: {row.problem}"), set()).add(row.picture)
        return [(model, problem, len(pictures)) for (model, problem), pictures in met.items()]

    def refuse_gaps(self) -> None:
        """Where every figure is needed, say which one is missing.

        Raises:
            PairError: a picture could not be read, restored or measured; it names the first.
        """
        gap = next((row for row in self.rows if row.problem), None)
        if gap:
            raise PairError(f"{gap.image} of {gap.dataset} cannot be measured: {gap.problem}.")

    def _compared(self, metric: str, dataset: str | None, sequence: str | None) -> list[Row]:
        """A row for each picture that `images` names."""
        return [
            row
            for row in self._common[metric]
            if dataset in (None, row.dataset) and sequence in (None, row.sequence)
        ]

    @cached_property
    def _values(self) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
        found: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
        for row in self.rows:
            if row.value is not None:
                found.setdefault((row.model, row.metric), {})[row.picture] = row.value
        return found

    @cached_property
    def _common(self) -> dict[str, list[Row]]:
        """By metric, a row for each picture of which every model that has any has the figure."""
        common = {}
        for metric in self.metrics:
            sides = [found for (_, key), found in self._values.items() if key == metric]
            first = {row.picture: row for row in self.rows if row.metric == metric and row.value is not None}
            common[metric] = [row for picture, row in first.items() if all(picture in found for found in sides)]
        return common


def bootstrap_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile interval of the mean, from 5000 resamplings with a fixed seed (Efron, 1979)."""
    rng = np.random.default_rng(0)
    means = rng.choice(np.asarray(values), size=(5000, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
