"""What became of the files of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        input: path as given.
        output: path of the result, or None without one.
        status: how it ended; 'unchanged' if the guard kept nothing of the network's change.
        reason: why it failed, was skipped, or what the guard took back; empty otherwise.
        width, height: of the input in pixels; 0 if unknown.
        model: name.
        engine: name.
        tiles: into how many the picture was cut.
        seconds: it took, reading and writing included.
    """

    input: str
    output: str | None
    status: Literal["done", "unchanged", "skipped", "failed"]
    reason: str = ""
    width: int = 0
    height: int = 0
    model: str = ""
    engine: str = ""
    tiles: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Summary:
    """The outcomes of a batch.

    Attributes:
        outcomes: in the order of the inputs.
    """

    outcomes: tuple[Outcome, ...]

    @property
    def exit_code(self) -> int:
        """0 if nothing failed, else 1."""
        return int(bool(self.failed))

    @property
    def failed(self) -> list[Outcome]:
        """Those that failed."""
        return [outcome for outcome in self.outcomes if outcome.status == "failed"]
