"""Votes as the page exports them."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deblurgan.errors import StudyError

logger = logging.getLogger(__name__)

_SHARES = {"left": 1.0, "right": 0.0, "equal": 0.5}


@dataclass(frozen=True)
class Vote:
    """One comparison.

    Attributes:
        rater: name or initials of who voted.
        picture: name of the pair.
        left, right: versions that were shown.
        left_share: 1 if the left one was preferred, 0 if the right one, 0.5 for neither.
        rater_id: drawn by the page, so that raters of one name can be told apart; empty in files of older pages.
    """

    rater: str
    picture: str
    left: str
    right: str
    left_share: float
    rater_id: str = ""


def read_votes(files: Iterable[Path]) -> list[Vote]:
    """Votes of several files; of several files by one rater the one with most votes counts.

    One rater is one name with one id. The log says which files were passed over.

    Raises:
        StudyError: a file is no export of the page, holds no votes, or the files are of different studies.
    """
    exports: defaultdict[tuple[str, str], list[tuple[Path, list[Vote]]]] = defaultdict(list)
    studies: dict[str, Path] = {}
    for file in files:
        study, rater, votes = _read(file)
        studies.setdefault(study, file)
        if votes:
            exports[rater].append((file, votes))
    if len(studies) > 1:
        raise StudyError(
            f"{' and '.join(map(str, studies.values()))} are of different studies; score one at a time."
        )
    if not exports:
        raise StudyError("There are no votes in these files.")
    return [vote for (name, _), found in exports.items() for vote in _longest(name, found)]


def _longest(rater: str, exports: Sequence[tuple[Path, list[Vote]]]) -> list[Vote]:
    chosen, votes = max(exports, key=lambda export: len(export[1]))
    for file, _ in exports:
        if file != chosen:
            logger.warning(
                "%s was passed over: %s is by the same rater, %r, and has as many votes or more",
                file,
                chosen,
                rater,
            )
    return votes


def _read(file: Path) -> tuple[str, tuple[str, str], list[Vote]]:
    try:
        content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        rater, rater_id = str(content["rater"]), str(content.get("rater_id", ""))
        votes = [
            Vote(
                rater,
                str(vote["picture"]),
                str(vote["left"]),
                str(vote["right"]),
                _SHARES[vote["choice"]],
                rater_id,
            )
            for vote in content["votes"]
        ]
        return str(content["study"]), (rater, rater_id), votes
    except OSError as error:
        raise StudyError(f"{file} cannot be read ({error.strerror or error}); name a file of votes.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{file} is not a file of votes that a study's page exported.") from error
