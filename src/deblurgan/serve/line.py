"""The waiting line: a bounded number of places, first come first served by a few worker threads."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from deblurgan.serve.limits import WORKERS
from deblurgan.serve.problems import Problem

T = TypeVar("T")


class Unwanted(Exception):
    """Ends work that nobody waits for any more."""


@dataclass(eq=False)
class Ticket:
    """One accepted request, from its acceptance to the end of its work.

    Attributes:
        queued, started, finished: times of the monotonic clock; None for what has not come yet.
        progress: of the work, in [0, 1].
        seconds_allowed: that the work may take once it has started.
    """

    queued: float | None = None
    started: float | None = None
    finished: float | None = None
    progress: float = 0.0
    seconds_allowed: float = math.inf
    _unwanted: threading.Event = field(default_factory=threading.Event)
    _future: Future[Any] | None = None

    def give_up(self) -> None:
        """Say that nobody waits for the work: it never starts, or ends at its next `check`."""
        self._unwanted.set()
        if self._future is not None:
            self._future.cancel()

    def when_over(self, action: Callable[[], object]) -> None:
        """Do something once the work has ended, or at once if there is none."""
        if self._future is None:
            action()
        else:
            self._future.add_done_callback(lambda _: action())

    def check(self) -> None:
        """Called by the work now and then.

        Raises:
            Unwanted: it was given up.
            Problem: it takes too long.
        """
        if self._unwanted.is_set():
            raise Unwanted
        if self.started is not None and time.monotonic() - self.started > self.seconds_allowed:
            raise Problem("took-too-long", f"The work took more than {self.seconds_allowed:g} s; send less of it.")


class Line:
    """Who waits and who is served.

    Args:
        queue: places beside those being served.
        workers: threads that serve.
    """

    def __init__(self, queue: int, workers: int = WORKERS) -> None:
        self.workers = workers
        self.is_closed = False
        self._places = queue + workers
        self._tickets: dict[Ticket, None] = {}
        self._recent: deque[float] = deque([0.5], maxlen=20)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="restore")

    @property
    def running(self) -> int:
        """How many are being served."""
        return sum(ticket.started is not None for ticket in tuple(self._tickets))

    @property
    def waiting(self) -> int:
        """How many have a place and are not served yet."""
        return sum(ticket.started is None for ticket in tuple(self._tickets))

    @property
    def queued(self) -> int:
        """How many of those that wait have handed in their work."""
        return sum(ticket.started is None and ticket.queued is not None for ticket in tuple(self._tickets))

    def position(self, ticket: Ticket) -> int:
        """How many are served before this one gets its turn; 0 once it is served."""
        waiting = [other for other in tuple(self._tickets) if other.started is None]
        return waiting.index(ticket) + 1 if ticket in waiting else 0

    @contextmanager
    def place(self, patience: float = math.inf) -> Iterator[Ticket]:
        """A place until the block ends, or the work that was submitted in it.

        Args:
            patience: seconds; where the turn is not expected to come by then, there is no place.

        Raises:
            Problem: there is none, or no more are given away.
        """
        ticket = self.take(patience)
        try:
            yield ticket
        finally:
            self.leave(ticket)

    def take(self, patience: float = math.inf) -> Ticket:
        """As `place`, to be given back by `leave`."""
        if self.is_closed:
            raise Problem("stopping", "The server is about to stop; try again soon.", {"Retry-After": "10"})
        wait = self._expected_wait()
        if len(self._tickets) >= self._places or wait > patience:
            said = f"{len(self._tickets)} requests have a place already; try again later."
            raise Problem("queue-full", said, {"Retry-After": str(min(60, max(1, math.ceil(wait / 2))))})
        ticket = Ticket()
        self._tickets[ticket] = None
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give a place back, at once or when its work has ended."""
        ticket.when_over(lambda: self._tickets.pop(ticket, None))

    def submit(self, ticket: Ticket, work: Callable[[], T]) -> Future[T]:
        """Let a worker do the work when it is its turn."""

        def served() -> T:
            ticket.check()
            ticket.started = time.monotonic()
            try:
                return work()
            finally:
                ticket.finished = time.monotonic()
                self._recent.append(ticket.finished - ticket.started)

        ticket.queued = time.monotonic()
        ticket._future = future = self._pool.submit(served)
        return future

    def close(self) -> None:
        """Wait for what is served, drop what is not."""
        self.is_closed = True
        self._pool.shutdown(cancel_futures=True)

    def _expected_wait(self) -> float:
        """Seconds until all that wait now were served, as the latest work suggests."""
        # Not the mean, which one video among pictures would raise to minutes.
        usual = statistics.median_low(tuple(self._recent))
        return usual * self.waiting / self.workers
