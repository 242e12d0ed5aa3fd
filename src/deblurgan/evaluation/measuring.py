"""Run every contestant over every pair, and measure what it made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product

from deblurgan.errors import DeblurganError, PairError
from deblurgan.evaluation.contestants import Attempt, Contestant, Pixels, RestoringModel, read_pixels
from deblurgan.evaluation.journal import Journal
from deblurgan.evaluation.rows import INPUT, Evaluation, Row
from deblurgan.lookahead import overlapped
from deblurgan.metrics import DEFAULT_METRICS, METRICS
from deblurgan.pairs import Pair
from deblurgan.resampling import enlarged
from deblurgan.restore import Restorer
from deblurgan.restore_options import RestoreOptions
from deblurgan.samples import to_float, to_integer

Keep = Callable[[Pair, str, Pixels], None]
_PROBLEMS = (DeblurganError, ValueError, MemoryError)


@dataclass(frozen=True)
class _Loaded:
    """A pair's pictures, how many times larger the sharp one is, or why there are none."""

    pair: Pair
    blurred: Pixels | None = None
    sharp: Pixels | None = None
    scale: int = 1
    problem: str = ""


@dataclass(frozen=True)
class _Measured:
    """A pair's rows, and the results they were measured on if somebody wants them."""

    pair: Pair
    rows: Sequence[Row]
    attempts: Mapping[str, Attempt | str] = field(default_factory=dict)


def evaluate(
    pairs: Iterable[Pair],
    models: Mapping[str, Restorer | Contestant],
    *,
    metrics: Sequence[str] = DEFAULT_METRICS,
    guard: bool = True,
    keep: Keep | None = None,
    finished: Callable[[Pair], object] | None = None,
    journal: Journal | None = None,
) -> Evaluation:
    """Restore every blurred picture with every model and compare it with the sharp one, rounded to 8 bits.

    The untouched input is always a contestant; where the sharp picture is a whole number of times larger, as for
    models that enlarge, it is enlarged by the bicubic filter. A picture that cannot be read or compared costs its
    own figures only: its rows say why. Of a pair with several sharp pictures the best figure counts. Two pairs are
    worked on at a time: while figures of one are computed, the other is restored.

    Args:
        pairs: to measure on.
        models: by the name they appear under.
        metrics: keys of `METRICS`.
        guard: the guard acts, as it does for users; without it the network alone is measured.
        keep: called with (pair, model, pixels) for every result.
        finished: called when all of a pair is measured.
        journal: what it holds is not measured again; what is measured is added to it.

    Raises:
        PairError: two pairs of one data set have one name, so that their figures could not be told apart.
    """
    pairs = list(pairs)
    _refuse_namesakes(pairs)
    options = RestoreOptions(guard=guard)
    contestants = {
        name: RestoringModel(model, options) if isinstance(model, Restorer) else model
        for name, model in models.items()
    }
    known = journal.measured if journal else {}
    rows: list[Row] = []

    def measured(pair: Pair) -> _Measured:
        if (pair.dataset, pair.name) in known:
            return _Measured(pair, known[pair.dataset, pair.name])
        loaded = _load(pair)
        if loaded.problem:
            names = (INPUT, *contestants)
            return _Measured(pair, [_row(pair, name, key, loaded.problem) for name in names for key in metrics])
        attempts = _attempts(loaded, contestants)
        return _Measured(pair, _rows(loaded, attempts, metrics), attempts if keep else {})

    with closing(overlapped(measured, pairs)) as following:
        for done in following:
            rows.extend(done.rows)
            for name, attempt in done.attempts.items():
                if keep and isinstance(attempt, Attempt):
                    keep(done.pair, name, attempt.pixels)
            if journal and (done.pair.dataset, done.pair.name) not in known:
                journal.add(done.rows)
            if finished:
                finished(done.pair)
    return Evaluation(tuple(rows), facts={name: contestant.facts for name, contestant in contestants.items()})


def _refuse_namesakes(pairs: Iterable[Pair]) -> None:
    known: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        other = known.setdefault((pair.dataset, pair.name), pair)
        if other != pair:
            raise PairError(
                f"Two pairs of {pair.dataset} are called {pair.name}, of {other.blurred} and of {pair.blurred}; "
                "measure them one after the other."
            )


def _load(pair: Pair) -> _Loaded:
    try:
        blurred, sharp = (read_pixels(path) for path in (pair.blurred, pair.sharp))
    except _PROBLEMS as error:
        return _Loaded(pair, problem=_sentence(error))
    scale = max(1, sharp.shape[0] // blurred.shape[0])
    if sharp.shape != (blurred.shape[0] * scale, blurred.shape[1] * scale, 3):
        sizes = " and ".join(f"{width}x{height}" for height, width, _ in (blurred.shape, sharp.shape))
        return _Loaded(pair, problem=f"the blurred and the sharp picture differ in size: {sizes}")
    return _Loaded(pair, blurred, sharp, scale)


def _attempts(loaded: _Loaded, contestants: Mapping[str, Contestant]) -> dict[str, Attempt | str]:
    """What each contestant makes of the blurred picture, or why it makes nothing; the input first."""
    assert loaded.blurred is not None
    untouched = loaded.blurred
    if loaded.scale > 1:
        untouched = to_integer(enlarged(to_float(untouched), loaded.scale), 8)
    found: dict[str, Attempt | str] = {INPUT: Attempt(untouched)}
    for name, contestant in contestants.items():
        try:
            found[name] = contestant.attempt(loaded.pair, loaded.blurred)
        except _PROBLEMS as error:
            found[name] = _sentence(error)
    return found


def _rows(loaded: _Loaded, attempts: Mapping[str, Attempt | str], metrics: Sequence[str]) -> list[Row]:
    best: dict[tuple[str, str], float | str] = {}
    for sharp in _sharps(loaded):
        for (name, attempt), key in product(attempts.items(), metrics):
            value = _value(key, attempt, sharp)
            best[name, key] = _better(key, best.get((name, key)), value)
    rows = []
    for (name, key), value in best.items():
        attempt = attempts[name]
        if isinstance(attempt, str) or isinstance(value, str):
            rows.append(_row(loaded.pair, name, key, str(value)))
        else:
            rows.append(_row(loaded.pair, name, key, "", value, attempt.seconds, attempt.peak_mb))
    return rows


def _sharps(loaded: _Loaded) -> Iterator[Pixels | str]:
    """The sharp picture, then the other moments of the exposure one by one, or why one cannot be read."""
    assert loaded.sharp is not None
    yield loaded.sharp
    for path in loaded.pair.more_sharp:
        try:
            yield read_pixels(path)
        except _PROBLEMS as error:
            yield _sentence(error)


def _value(key: str, attempt: Attempt | str, sharp: Pixels | str) -> float | str:
    """The figure, or why there is none."""
    if isinstance(attempt, str):
        return attempt
    if isinstance(sharp, str):
        return sharp
    try:
        return METRICS[key](attempt.pixels, sharp, data_range=255)
    except _PROBLEMS as error:
        return _sentence(error)


def _better(key: str, first: float | str | None, second: float | str) -> float | str:
    if isinstance(second, str):
        return second if first is None else first
    if first is None or isinstance(first, str):
        return second
    return max(first, second) if METRICS[key].higher_is_better else min(first, second)


def _row(
    pair: Pair,
    model: str,
    metric: str,
    problem: str,
    value: float | None = None,
    seconds: float | None = None,
    peak_mb: float | None = None,
) -> Row:
    return Row(pair.name, pair.dataset, pair.sequence, model, metric, value, seconds, peak_mb, problem)


def _sentence(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__
