"""The exceptions a caller can meet; each message says what was wrong, with which input, and what to do.

DeblurganError
├── UnreadableImage    the file is missing, empty, damaged or not a picture
├── UnreadableVideo    the file is missing, damaged or holds no video
├── UnwritableTarget   the result cannot be put where it was asked for
├── UnknownModel       no model answers to that name or path
├── BrokenModel        a model folder is incomplete, altered or contradicts itself
├── UnknownEngine      no engine answers to that name, or none is installed
├── MissingExtra       an optional part of the package is not installed
├── RecipeError        a training recipe contradicts itself or holds unknown settings
├── TrainingFailed     a training cannot go on
├── PairError          blurred and sharp pictures do not match up
├── StudyError         a blind study cannot be made or counted
└── TooLarge           the picture exceeds the limits for safe reading
"""


class DeblurganError(Exception):
    """Base of everything this package raises on purpose; its text is one sentence for the user."""


class UnreadableImage(DeblurganError):
    """The file is missing, empty, damaged or not a picture."""


class UnreadableVideo(DeblurganError):
    """The file is missing, damaged or holds no video."""


class UnwritableTarget(DeblurganError):
    """The result cannot be put where it was asked for."""


class TargetTaken(UnwritableTarget):
    """There is something at the target already."""


class UnknownModel(DeblurganError):
    """No model answers to that name or path."""


class BrokenModel(DeblurganError):
    """A model folder is incomplete, altered or contradicts itself."""


class UnknownEngine(DeblurganError):
    """No engine answers to that name, or none is installed."""


class MissingExtra(DeblurganError):
    """An optional part of the package is not installed."""


class RecipeError(DeblurganError):
    """A training recipe contradicts itself or holds unknown settings."""


class TrainingFailed(DeblurganError):
    """A training cannot go on; what it has learned is in its last checkpoint."""


class PairError(DeblurganError):
    """Blurred and sharp pictures do not match up."""


class StudyError(DeblurganError):
    """A blind study cannot be made, or its votes cannot be counted."""


class TooLarge(DeblurganError):
    """The picture exceeds the limits for safe reading."""
