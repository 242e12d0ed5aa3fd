"""Room for a few at a time, or for one alone."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """Where several may be at once, or one alone; who wants to be alone is not kept waiting by newcomers.

    Args:
        places: for how many at once.

    Attributes:
        inside: how many share it just now.
    """

    def __init__(self, places: float = math.inf) -> None:
        self._places = places
        self._change = threading.Condition()
        self.inside = 0
        self._is_taken = False
        self._want_it_alone = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Wait for a place."""
        with self._change:
            self._change.wait_for(lambda: not self._want_it_alone and self.inside < self._places)
            self.inside += 1
        try:
            yield
        finally:
            with self._change:
                self.inside -= 1
                self._change.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else is inside."""
        with self._change:
            self._want_it_alone += 1
        try:
            with self._change:
                self._change.wait_for(lambda: not self._is_taken and not self.inside)
                self._is_taken = True
            try:
                yield
            finally:
                self._is_taken = False
        finally:
            with self._change:
                self._want_it_alone -= 1
                self._change.notify_all()
