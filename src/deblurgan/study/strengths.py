"""Strengths from comparisons by twos (Bradley and Terry, 1952), with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from deblurgan.study.votes import Vote

# Standard deviation of a normal prior on the logarithm of a strength: nearly flat, and a method that won every
# comparison still gets a finite strength.
_PRIOR = 3.0


@dataclass(frozen=True)
class Strength:
    """How one version fared.

    Attributes:
        model: its name.
        score: strength over that of the reference; P(a beats b) is a's score / (a's + b's).
        low, high: interval of the score; equal to it for the reference.
        votes: comparisons it took part in.
        won: share of them that it won, equals counted as half.
    """

    model: str
    score: float
    low: float
    high: float
    votes: int
    won: float


def fit(votes: Sequence[Vote], reference: str, *, confidence: float = 0.95) -> list[Strength]:
    """The strengths under which the votes are likeliest, the strongest first.

    The log-likelihood sum w_ij log(s_i / (s_i + s_j)) is maximised by Newton's method in log s, an equal vote
    counting as half a win for either side, with a weak normal prior. Intervals come from the curvature there and
    hold for all versions at once with at least the given confidence (Bonferroni). Votes count as independent:
    raters who differ much in taste make the intervals too narrow.

    Args:
        votes: of any number of raters.
        reference: version whose strength is 1.
        confidence: of all intervals together, in (0, 1).

    Raises:
        ValueError: the reference is in no vote.
    """
    names = sorted({name for vote in votes for name in (vote.left, vote.right)})
    if reference not in names:
        raise ValueError(f"no vote is about {reference!r}")
    names.remove(reference)
    names.insert(0, reference)
    wins = np.zeros((len(names), len(names)))
    for vote in votes:
        left, right = names.index(vote.left), names.index(vote.right)
        wins[left, right] += vote.left_share
        wins[right, left] += 1 - vote.left_share
    logs, deviations = _maximum(wins)
    reach = NormalDist().inv_cdf(1 - (1 - confidence) / (2 * max(1, len(names) - 1)))
    counts = (wins + wins.T).sum(axis=1)
    found = [
        Strength(
            name,
            math.exp(logs[index]),
            math.exp(logs[index] - reach * deviations[index]),
            math.exp(logs[index] + reach * deviations[index]),
            int(counts[index]),
            float(wins[index].sum() / counts[index]),
        )
        for index, name in enumerate(names)
    ]
    return sorted(found, key=lambda strength: -strength.score)


def _maximum(wins: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[list[float], list[float]]:
    """Log strengths with the first at 0, and their standard deviations."""
    together = wins + wins.T
    logs = np.zeros(len(wins))
    for _ in range(100):
        chances = 1 / (1 + np.exp(logs[None, :] - logs[:, None]))
        slope = wins.sum(axis=1) - (together * chances).sum(axis=1) - logs / _PRIOR**2
        weights = together * chances * (1 - chances)
        curvature = np.diag(weights.sum(axis=1) + 1 / _PRIOR**2) - weights
        step = np.linalg.solve(curvature[1:, 1:], slope[1:]) if len(wins) > 1 else np.zeros(0)
        # A longer step could leave the region where the curvature tells anything.
        logs[1:] += np.clip(step, -1, 1)
        if np.abs(step).max(initial=0) < 1e-10:
            break
    covariance = np.linalg.inv(curvature[1:, 1:])
    return list(logs), [0.0, *np.sqrt(np.diag(covariance))]
