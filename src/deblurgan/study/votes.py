"""Votes as the page exports them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deblurgan.errors import StudyError

_SHARES = {"left": 1.0, "right": 0.0, "equal": 0.5}


@dataclass(frozen=True)
class Vote:
    """One comparison.

    Attributes:
        rater: who voted.
        picture: name of the pair.
        left, right: versions that were shown.
        left_share: 1 if the left one was preferred, 0 if the right one, 0.5 for neither.
    """

    rater: str
    picture: str
    left: str
    right: str
    left_share: float


def read_votes(files: Iterable[Path]) -> list[Vote]:
    """Votes of several files; of several files by one rater the one with most votes counts.

    Raises:
        StudyError: a file is no export of the page, holds no votes, or the files are of different studies.
    """
    best: dict[str, list[Vote]] = {}
    studies: dict[str, Path] = {}
    for file in files:
        study, rater, votes = _read(file)
        studies.setdefault(study, file)
        if len(votes) > len(best.get(rater, [])):
            best[rater] = votes
    if len(studies) > 1:
        raise StudyError(
            f"{' and '.join(map(str, studies.values()))} are of different studies; score one at a time."
        )
    if not best:
        raise StudyError("There are no votes in these files.")
    return [vote for votes in best.values() for vote in votes]


def _read(file: Path) -> tuple[str, str, list[Vote]]:
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        rater = str(content["rater"])
        votes = [
            Vote(rater, str(vote["picture"]), str(vote["left"]), str(vote["right"]), _SHARES[vote["choice"]])
            for vote in content["votes"]
        ]
        return str(content["study"]), rater, votes
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{file} is not a file of votes that a study's page exported.") from error
