"""Stages overlap, keep their order, pass errors on and stop when they are no longer wanted."""

import threading
import time

import pytest

from deblurgan.lookahead import ahead, overlapped


def counting(limit, drawn):
    for number in range(limit):
        drawn.append(number)
        yield number


@pytest.fixture
def own_threads_alone():
    """Forget threads that libraries started: Python keeps them until one of ours gets such a number and ends."""
    for thread in threading.enumerate():
        if isinstance(thread, threading._DummyThread):
            del threading._active[thread.ident]


@pytest.mark.usefixtures("own_threads_alone")
def test_items_come_in_order_and_only_so_many_ahead():
    threads, drawn = threading.active_count(), []
    coming = ahead(counting(100, drawn), depth=3)
    assert [next(coming) for _ in range(5)] == [0, 1, 2, 3, 4]
    time.sleep(0.05)
    # Five are taken, three wait and one is at the door.
    assert len(drawn) <= 9
    coming.close()
    assert threading.active_count() == threads


def test_an_error_comes_in_its_turn():
    def failing():
        yield 1
        raise KeyError("late")

    coming = ahead(failing())
    assert next(coming) == 1
    with pytest.raises(KeyError, match="late"):
        next(coming)


def test_calls_overlap_and_results_keep_the_order():
    together = threading.Barrier(2, timeout=5)

    def meet(number):
        together.wait()
        return -number

    assert list(overlapped(meet, range(6), in_flight=2)) == [0, -1, -2, -3, -4, -5]


def test_what_came_before_an_error_is_not_lost():
    def failing():
        yield from (1, 2, 3)
        raise KeyError("late")

    coming = overlapped(abs, failing())
    assert [next(coming) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(KeyError, match="late"):
        next(coming)


def test_closing_the_last_stage_closes_the_first():
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    chain = ahead(overlapped(abs, ahead(endless())))
    assert next(chain) == 1
    chain.close()
    assert closed.is_set()
