"""Measure models on blurred and sharp pairs, always beside the untouched input."""

from deblurgan.evaluation.contestants import Contestant, ModelFacts, PictureFolder, RestoringModel
from deblurgan.evaluation.journal import Journal
from deblurgan.evaluation.measuring import evaluate
from deblurgan.evaluation.rows import INPUT, SHARP, Environment, Evaluation, Row, bootstrap_interval

__all__ = [
    "INPUT",
    "SHARP",
    "Contestant",
    "Environment",
    "Evaluation",
    "Journal",
    "ModelFacts",
    "PictureFolder",
    "RestoringModel",
    "Row",
    "bootstrap_interval",
    "evaluate",
]
