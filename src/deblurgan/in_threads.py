"""Do independent parts of some work in several threads, with the results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Part = TypeVar("Part")
Result = TypeVar("Result")


def in_threads(work: Callable[[Part], Result], parts: Iterable[Part], threads: int) -> Iterator[Result]:
    """Do some work for each part; NumPy lets other threads run while it works on long arrays.

    Args:
        work: may run for several parts at a time.
        parts: all are drawn at once.
        threads: 1 for the caller's own, and one part after the other.
    """
    if threads == 1:
        yield from map(work, parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, parts)
