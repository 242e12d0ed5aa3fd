"""What an evaluation has measured so far, on disk, so that one that was stopped goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from deblurgan.evaluation.contestants import Contestant, PictureFolder
from deblurgan.evaluation.rows import Row
from deblurgan.pairs import Pair

logger = logging.getLogger(__name__)


class Journal:
    """Rows by dataset and image, appended to a file as they are measured.

    Where the system refuses the file, the log says so once, and nothing is kept.

    Args:
        path: of the file; what an earlier evaluation wrote there counts as measured.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.measured: dict[tuple[str, str], tuple[Row, ...]] = {}
        self._keeps = True
        with self._if_allowed():
            if path.is_file():
                self._read()

    def add(self, rows: Iterable[Row]) -> None:
        """Keep the rows of one picture."""
        if not self._keeps:
            return
        entry = {"rows": [dataclasses.asdict(row) for row in rows]}
        with self._if_allowed():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def finish(self) -> None:
        """Forget everything: the report is written."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    @contextlib.contextmanager
    def _if_allowed(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._keeps = False
            logger.warning(
                "%s cannot be used (%s): if this evaluation is stopped, it begins anew; DEBLURGAN_CACHE may name "
                "another folder.",
                self.path,
                error.strerror or error,
            )

    def _read(self) -> None:
        text = self.path.read_text("utf-8", errors="replace")
        # What was being written when the program was stopped ends without a line break.
        whole = text[: text.rfind("\n") + 1]
        for line in whole.splitlines():
            entry = json.loads(line)
            rows = tuple(Row(**row) for row in entry["rows"])
            if rows:
                self.measured[rows[0].picture] = rows
        if whole != text:
            self.path.write_text(whole, "utf-8")


def fingerprint(
    pairs: Sequence[Pair],
    contestants: Mapping[str, Contestant],
    metrics: Sequence[str],
    settings: Iterable[object],
) -> str:
    """The same for two evaluations that would give the same figures, another when a file of theirs changed.

    Args:
        pairs: measured on.
        contestants: by name.
        metrics: keys of `METRICS`.
        settings: whatever else figures or kept pictures depend on.
    """
    files = [path for pair in pairs for path in (pair.blurred, pair.sharp, *pair.more_sharp)]
    for contestant in contestants.values():
        if isinstance(contestant, PictureFolder):
            files += contestant.pictures.values()
    facts = [
        *map(repr, settings),
        *metrics,
        *(f"{name} {contestant.facts!r} {_weights(contestant)}" for name, contestant in contestants.items()),
        *(f"{path.absolute()} {_stamp(path)}" for path in files),
    ]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:24]


def _weights(contestant: Contestant) -> str:
    files = sorted(Path(contestant.facts.source).glob("*")) if contestant.facts.source else []
    return " ".join(f"{path.name} {_stamp(path)}" for path in files if path.is_file())


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"
