"""Let stages of work overlap: each draws from the one before it in threads of its own, a few items ahead."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_PATIENCE = 0.1  # seconds after which a stage that waits looks whether it is still wanted


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


class _Drawn(Generic[Item]):
    """A thread that draws items into a queue until it is told to stop."""

    def __init__(self, items: Iterable[Item], depth: int) -> None:
        self.ready: Queue[Item | _End] = Queue(depth)
        self._items = items
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._unwanted.set()
        self._thread.join()

    def _draw(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as error:
            self._put(_End(error))
        finally:
            _close(self._items)

    def _put(self, item: Item | _End) -> bool:
        while not self._unwanted.is_set():
            try:
                self.ready.put(item, timeout=_PATIENCE)
            except Full:
                continue
            return True
        return False


def ahead(items: Iterable[Item], depth: int = 2) -> Generator[Item]:
    """Draw items in a thread while the caller works on earlier ones.

    Closing the generator stops the thread and closes `items` if it is a generator.

    Args:
        items: drawn from one thread only.
        depth: most items that wait for the caller.

    Raises:
        whatever drawing an item raised, when its turn comes.
    """
    drawn = _Drawn(items, depth)
    try:
        while True:
            try:
                item = drawn.ready.get(timeout=_PATIENCE)
            except Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        drawn.stop()


def overlapped(
    function: Callable[[Item], Result], items: Iterable[Item], *, in_flight: int = 2
) -> Generator[Result]:
    """Apply a function to several items at a time; results come in the order of the items.

    Closing the generator closes `items` if it is a generator, once the calls that have begun have ended.

    Args:
        function: safe to call from several threads.
        items: to apply it to.
        in_flight: calls at a time.

    Raises:
        whatever a call raised, or drawing an item, after the results of what came before.
    """
    with ThreadPoolExecutor(in_flight) as pool:
        flying: deque[Future[Result]] = deque()
        failure: Exception | None = None
        try:
            coming = iter(items)
            while True:
                try:
                    item = next(coming)
                except StopIteration:
                    break
                except Exception as error:
                    failure = error
                    break
                flying.append(pool.submit(function, item))
                # One more than run: it is there when the first of them ends.
                if len(flying) > in_flight:
                    yield flying.popleft().result()
            while flying:
                yield flying.popleft().result()
            if failure is not None:
                raise failure
        finally:
            for future in flying:
                future.cancel()
            _close(items)


def _close(items: Iterable[object] | Iterator[object]) -> None:
    if isinstance(items, Generator):
        items.close()
