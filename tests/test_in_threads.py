"""Parts of some work are done side by side, and come back in order."""

import threading

import pytest

from deblurgan.in_threads import in_threads


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_parts(threads):
    assert list(in_threads(lambda part: part * part, range(20), threads)) == [part * part for part in range(20)]


def test_parts_are_done_at_the_same_time():
    both = threading.Barrier(2, timeout=20)
    assert len(list(in_threads(lambda _: both.wait(), range(2), 2))) == 2


@pytest.mark.parametrize("threads", [1, 3])
def test_what_goes_wrong_in_one_part_is_heard_of(threads):
    def work(part):
        if part == 2:
            raise MemoryError

    with pytest.raises(MemoryError):
        list(in_threads(work, range(5), threads))
