"""Time that several work through side by side, charged to each by its share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(eq=False)
class Charge:
    """What one piece of work is charged.

    Attributes:
        seconds: so far.
    """

    seconds: float = 0.0


class SharedTime:
    """A clock whose seconds are divided among those who work: of two side by side, each is charged half.

    So the charges add up to the time that passed, and compare with work done one after another.

    Args:
        clock: gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._working: set[Charge] = set()
        self._charged_until = 0.0
        self._turn = threading.Lock()

    @contextmanager
    def charged(self) -> Iterator[Charge]:
        """Charge the block."""
        charge = Charge()
        with self._turn:
            self._divide()
            self._working.add(charge)
        try:
            yield charge
        finally:
            with self._turn:
                self._divide()
                self._working.remove(charge)

    def _divide(self) -> None:
        now = self._clock()
        for charge in self._working:
            charge.seconds += (now - self._charged_until) / len(self._working)
        self._charged_until = now
