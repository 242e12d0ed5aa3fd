"""The waiting line: first come first served, with an end."""

import threading
import time

import pytest
from serving import wait_until

from deblurgan.serve.line import Line
from deblurgan.serve.problems import Problem


@pytest.fixture
def line():
    line = Line(queue=3, workers=1)
    yield line
    line.close()


def test_who_comes_first_is_served_first(line):
    served, go = [], threading.Event()
    tickets = [line.take() for _ in range(4)]
    futures = [
        line.submit(ticket, lambda n=n: (go.wait(10), served.append(n))) for n, ticket in enumerate(tickets)
    ]
    wait_until(lambda: line.running == 1)
    assert [line.position(ticket) for ticket in tickets] == [0, 1, 2, 3]
    go.set()
    for future in futures:
        future.result(10)
    assert served == [0, 1, 2, 3]


def test_places_are_given_back_when_the_work_ends(line):
    go = threading.Event()
    with line.place() as ticket:
        future = line.submit(ticket, lambda: go.wait(10))
    for _ in range(3):
        line.take()
    with pytest.raises(Problem, match="queue-full"):
        line.take()
    go.set()
    future.result(10)
    wait_until(lambda: line.running == 0)
    line.take()


def test_a_turn_that_would_come_too_late_is_not_waited_for(line):
    with line.place() as ticket:
        line.submit(ticket, lambda: time.sleep(0.3)).result(10)
    for _ in range(2):
        line.take()
    with pytest.raises(Problem) as refused:
        line.take(patience=0.2)
    assert refused.value.status == 429
    line.take(patience=60)


@pytest.mark.parametrize("pictures", [0, 19])
def test_one_long_work_keeps_nobody_from_waiting_for_a_picture(line, pictures):
    line._recent.extend([*[0.5] * pictures, 3000])
    for _ in range(3):
        line.take()
    line.take(patience=120)


def test_what_was_given_up_is_never_begun(line):
    go = threading.Event()
    first, second = line.take(), line.take()
    line.submit(first, lambda: go.wait(10))
    future = line.submit(second, lambda: None)
    second.give_up()
    go.set()
    assert future.cancelled()
