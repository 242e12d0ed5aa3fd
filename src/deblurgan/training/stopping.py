"""Ask a training to stop: it finishes its step, leaves a checkpoint, and only then ends as it was asked to."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Keep SIGINT (Ctrl-C) and SIGTERM back while the block runs, the first of them; a second one acts at once.

    Yields:
        a function that says whether there was one. It acts when the block has ended well.

    Raises:
        ValueError: this is not the main thread, which alone may say what a signal does.
    """
    received: list[int] = []

    def keep_back(number: int, _: FrameType | None) -> None:
        received.append(number)
        log.warning("Stopping after this step, with a checkpoint; once more to stop at once.")
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, keep_back) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        restore()
    if received:
        signal.raise_signal(received[0])


def leave_stopping_to_the_parent(_: int = 0) -> None:
    """In a process that prepares crops: Ctrl-C reaches it too, but its parent says when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
